-- What it was for stands in authority_grants, with the address that an assertion came from.
DROP TABLE used_assertions;
