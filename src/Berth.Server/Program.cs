using Berth.Server.Commands;

return await BerthCommand.RunAsync(args);
