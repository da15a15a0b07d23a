ALTER TABLE clients ADD COLUMN application_id TEXT;
ALTER TABLE clients ADD COLUMN created TEXT;
UPDATE clients SET application_id = lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a'
    || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)));

ALTER TABLE client_secrets ADD COLUMN expires TEXT;

CREATE TABLE client_certificates (
    client_id TEXT NOT NULL,
    certificate BLOB NOT NULL,
    PRIMARY KEY (client_id, certificate)
) WITHOUT ROWID;

-- Client assertions are accepted once.
CREATE TABLE used_assertions (
    id TEXT PRIMARY KEY,
    expires INTEGER NOT NULL
) WITHOUT ROWID;

-- What is kept of passwords: the text that password synchronization sends, also for those set in the cloud.
CREATE TABLE credentials (
    object INTEGER PRIMARY KEY,
    data TEXT NOT NULL,
    changed TEXT NOT NULL,
    synced INTEGER NOT NULL
);

CREATE TABLE sign_in_failures (
    object INTEGER NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX sign_in_failures_object ON sign_in_failures (object, at);

CREATE TABLE refresh_tokens (
    hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    object INTEGER NOT NULL,
    scope TEXT NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;

-- object: the user who has entered the code
CREATE TABLE device_codes (
    hash TEXT PRIMARY KEY,
    user_code TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    expires INTEGER NOT NULL,
    object INTEGER
) WITHOUT ROWID;

CREATE TABLE extension_properties (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    data_type TEXT NOT NULL,
    multi INTEGER NOT NULL,
    targets TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE provisioning_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL
);
