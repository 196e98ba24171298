-- The role Odoo connects as: it may make its database, and is no superuser.
\set password `cat /run/secrets/db_password`
CREATE ROLE odoo LOGIN CREATEDB PASSWORD :'password';
