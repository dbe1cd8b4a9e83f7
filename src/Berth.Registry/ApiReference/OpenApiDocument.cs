using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Berth.Registry.ApiReference;

/// <summary>Writes the API's description as an OpenAPI 3.1 document.</summary>
internal sealed class OpenApiDocument
{
    private const string ErrorType = "application/json";

    private readonly Utf8JsonWriter _json;
    private readonly PublicNames _names;
    private readonly string _registry;

    private OpenApiDocument(Utf8JsonWriter json, PublicNames names, string registry) => (_json, _names, _registry) = (json, names, registry);

    /// <summary>The document of these calls, as UTF-8.</summary>
    /// <param name="calls">The calls, in the order of their parts.</param>
    /// <param name="names">The addresses that it names.</param>
    /// <param name="registry">The registry that stands for any.</param>
    public static byte[] Write(IReadOnlyList<ApiCall> calls, PublicNames names, string registry)
    {
        using var body = new MemoryStream();

        // It is no part of a page: what HTML would need escaped stays readable.
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(body, options)) new OpenApiDocument(json, names, registry).Write(calls);
        return body.ToArray();
    }

    private void Write(IReadOnlyList<ApiCall> calls)
    {
        _json.WriteStartObject();
        _json.WriteString("openapi"u8, "3.1.0"u8);
        _json.WriteStartObject("info"u8);
        _json.WriteString("title"u8, "Berth"u8);
        _json.WriteString("version"u8, "1"u8);
        _json.WriteString("description"u8, "The API of a Berth installation. Each part answers under the address that its calls name, and under any other of the server's, too.");
        _json.WriteEndObject();
        _json.WriteStartArray("servers"u8);
        WriteServer(ApiServer.Registry);
        _json.WriteEndArray();
        WriteTags();
        _json.WriteStartObject("paths"u8);
        foreach (var path in calls.GroupBy(call => call.Path)) WritePath(path);
        _json.WriteEndObject();
        _json.WriteStartObject("components"u8);
        WriteSchemas();
        WriteErrors(calls);
        WriteSchemes();
        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void WriteTags()
    {
        _json.WriteStartArray("tags"u8);
        foreach (var part in ApiPart.All)
        {
            _json.WriteStartObject();
            _json.WriteString("name"u8, part.Name);
            _json.WriteString("description"u8, part.Description);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteServer(ApiServer server)
    {
        _json.WriteStartObject();
        _json.WriteString("url"u8, server switch
        {
            ApiServer.ControlPlane => _names.ArmEndpoint,
            ApiServer.Authority => _names.LoginEndpoint,
            ApiServer.Directory => _names.GraphEndpoint,
            _ => $"https://{{registry}}.{_names.DomainWithPort}",
        });
        if (server == ApiServer.Registry)
        {
            _json.WriteStartObject("variables"u8);
            _json.WriteStartObject("registry"u8);
            _json.WriteString("default"u8, _registry);
            _json.WriteString("description"u8, "A registry's name."u8);
            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }

    private void WritePath(IGrouping<string, ApiCall> path)
    {
        _json.WriteStartObject(path.Key);
        var first = path.First();
        if (first.Part.Server != ApiServer.Registry)
        {
            _json.WriteStartArray("servers"u8);
            WriteServer(first.Part.Server);
            _json.WriteEndArray();
        }

        if (first.PathNames.Any())
        {
            _json.WriteStartArray("parameters"u8);
            foreach (var name in first.PathNames) WriteParameter(name, "path", PathNames.Describe(name), isRequired: true, "string");
            _json.WriteEndArray();
        }

        foreach (var call in path) WriteCall(call);
        _json.WriteEndObject();
    }

    private void WriteCall(ApiCall call)
    {
        _json.WriteStartObject(call.Method.ToLowerInvariant());
        _json.WriteString("operationId"u8, call.Name);
        _json.WriteStartArray("tags"u8);
        _json.WriteStringValue(call.Part.Name);
        _json.WriteEndArray();
        _json.WriteString("summary"u8, call.Summary);
        if (call.Right is not null) _json.WriteString("x-berth-right"u8, call.Right);
        _json.WriteStartArray("security"u8);
        foreach (var scheme in call.Part.Schemes)
        {
            _json.WriteStartObject();
            if (scheme.Length > 0)
            {
                _json.WriteStartArray(scheme);
                _json.WriteEndArray();
            }

            _json.WriteEndObject();
        }

        _json.WriteEndArray();
        if (call.Parameters.Count > 0)
        {
            _json.WriteStartArray("parameters"u8);
            foreach (var parameter in call.Parameters) WriteParameter(parameter.Name, parameter.In, parameter.Description, parameter.IsRequired, parameter.Type);
            _json.WriteEndArray();
        }

        if (call.Body is { } body)
        {
            _json.WriteStartObject("requestBody"u8);
            _json.WriteBoolean("required"u8, body.IsRequired);
            WriteContent(body, call.Part);
            _json.WriteEndObject();
        }

        WriteAnswers(call);
        _json.WriteEndObject();
    }

    private void WriteParameter(string name, string place, string description, bool isRequired, string type)
    {
        _json.WriteStartObject();
        _json.WriteString("name"u8, name);
        _json.WriteString("in"u8, place);
        _json.WriteString("description"u8, description);
        if (isRequired) _json.WriteBoolean("required"u8, true);
        _json.WriteStartObject("schema"u8);
        _json.WriteString("type"u8, type);
        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void WriteAnswers(ApiCall call)
    {
        _json.WriteStartObject("responses"u8);
        foreach (var answer in call.Answers)
        {
            _json.WriteStartObject(Text(answer.Status));
            _json.WriteString("description"u8, HttpStatuses.Describe(answer.Status));
            if (answer.Headers.Count > 0)
            {
                _json.WriteStartObject("headers"u8);
                foreach (var header in answer.Headers)
                {
                    _json.WriteStartObject(header);
                    _json.WriteStartObject("schema"u8);
                    _json.WriteString("type"u8, "string"u8);
                    _json.WriteEndObject();
                    _json.WriteEndObject();
                }

                _json.WriteEndObject();
            }

            if (answer.Content is { } content && call.Method != "HEAD") WriteContent(content, call.Part);
            _json.WriteEndObject();
        }

        foreach (var status in call.Part.Errors.Union(call.Errors).Order())
        {
            _json.WriteStartObject(Text(status));
            _json.WriteString("$ref"u8, $"#/components/responses/{call.Part.ErrorSchema}{status}");
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }

    private void WriteContent(ApiContent content, ApiPart part)
    {
        _json.WriteStartObject("content"u8);
        _json.WriteStartObject(content.MediaType);
        _json.WriteStartObject("schema"u8);
        if (content.Schema is not { } schema)
        {
            _json.WriteString("type"u8, "string"u8);
        }
        else if (!schema.EndsWith("[]", StringComparison.Ordinal))
        {
            WriteReference(schema);
        }
        else
        {
            // Graph's lists have its word for the next page, and say what they are.
            var next = part == ApiPart.Directory ? "@odata.nextLink" : "nextLink";
            _json.WriteString("type"u8, "object"u8);
            _json.WriteStartArray("required"u8);
            _json.WriteStringValue("value"u8);
            _json.WriteEndArray();
            _json.WriteStartObject("properties"u8);
            _json.WriteStartObject("value"u8);
            _json.WriteString("type"u8, "array"u8);
            _json.WriteStartObject("items"u8);
            WriteReference(schema[..^2]);
            _json.WriteEndObject();
            _json.WriteEndObject();
            _json.WriteStartObject(next);
            _json.WriteString("type"u8, "string"u8);
            _json.WriteString("description"u8, "Where the list goes on; absent on the last page."u8);
            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void WriteReference(string schema) => _json.WriteString("$ref"u8, $"#/components/schemas/{schema}");

    private void WriteSchemas()
    {
        _json.WriteStartObject("schemas"u8);
        foreach (var schema in ApiSchemas.Read()) schema.WriteTo(_json);
        _json.WriteEndObject();
    }

    private void WriteErrors(IReadOnlyList<ApiCall> calls)
    {
        _json.WriteStartObject("responses"u8);
        foreach (var part in calls.GroupBy(call => call.Part.ErrorSchema))
        {
            foreach (var status in part.SelectMany(call => call.Part.Errors.Union(call.Errors)).Distinct().Order())
            {
                _json.WriteStartObject($"{part.Key}{status}");
                _json.WriteString("description"u8, HttpStatuses.Describe(status));
                _json.WriteStartObject("content"u8);
                _json.WriteStartObject(ErrorType);
                _json.WriteStartObject("schema"u8);
                WriteReference(part.Key);
                _json.WriteEndObject();
                _json.WriteEndObject();
                _json.WriteEndObject();
                _json.WriteEndObject();
            }
        }

        _json.WriteEndObject();
    }

    private void WriteSchemes()
    {
        _json.WriteStartObject("securitySchemes"u8);
        WriteScheme("registryToken", "bearer", "An access token of the registry, which /oauth2/token gives for the scope that a challenge names.");
        WriteScheme("password", "basic", "A user name and its password; 00000000-0000-0000-0000-000000000000 with a refresh token of the registry.");
        WriteScheme("controlPlaneToken", "bearer", $"An access token of the authority for {_names.ArmEndpoint}.");
        WriteScheme("directoryToken", "bearer", $"An access token of the authority for {_names.GraphEndpoint}.");
        _json.WriteEndObject();
    }

    private void WriteScheme(string name, string scheme, string description)
    {
        _json.WriteStartObject(name);
        _json.WriteString("type"u8, "http"u8);
        _json.WriteString("scheme"u8, scheme);
        _json.WriteString("description"u8, description);
        _json.WriteEndObject();
    }

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);
}
