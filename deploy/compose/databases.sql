-- One database for each service, owned by a role that is neither superuser nor bypasses row security.
create role auth login password 'quolum';
create database auth owner auth;
create role ingest login password 'quolum';
create database ingest owner ingest;
create role dashboard login password 'quolum';
create database dashboard owner dashboard;
