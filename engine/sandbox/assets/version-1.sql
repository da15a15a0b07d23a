CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE clients (
    client_id TEXT PRIMARY KEY,
    object_id TEXT NOT NULL,
    name TEXT NOT NULL,
    roles TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE client_secrets (
    id INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL,
    salt BLOB NOT NULL,
    iterations INTEGER NOT NULL,
    hash BLOB NOT NULL,
    created TEXT NOT NULL
);

CREATE TABLE domains (
    name TEXT PRIMARY KEY,
    is_initial INTEGER NOT NULL,
    is_verified INTEGER NOT NULL,
    authentication TEXT NOT NULL
) WITHOUT ROWID;

-- state: 0 live, 1 soft-deleted, 2 gone (kept as a tombstone for delta readers)
CREATE TABLE objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    object_id TEXT NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    state INTEGER NOT NULL,
    anchor TEXT,
    synced INTEGER,
    role TEXT,
    display_name TEXT,
    body TEXT NOT NULL,
    overrides TEXT NOT NULL,
    cloud TEXT NOT NULL,
    created TEXT NOT NULL,
    last_sync TEXT,
    deleted TEXT,
    seq INTEGER NOT NULL
);
CREATE UNIQUE INDEX objects_anchor ON objects (anchor) WHERE anchor IS NOT NULL AND state < 2;
CREATE INDEX objects_former_anchor ON objects (anchor) WHERE state = 2;
CREATE INDEX objects_seq ON objects (seq);
CREATE INDEX objects_kind ON objects (kind, state, id);
CREATE INDEX objects_name ON objects (display_name COLLATE NOCASE);

CREATE TABLE links (
    source INTEGER NOT NULL,
    attribute TEXT NOT NULL,
    target INTEGER NOT NULL,
    PRIMARY KEY (source, attribute, target)
) WITHOUT ROWID;
CREATE INDEX links_target ON links (target);

-- source: 1 userPrincipalName, 2 proxy address, 3 mail, 4 sign-in name
CREATE TABLE addresses (
    value TEXT NOT NULL,
    source INTEGER NOT NULL,
    object INTEGER NOT NULL,
    PRIMARY KEY (value, source, object)
) WITHOUT ROWID;
CREATE INDEX addresses_object ON addresses (object);

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    object INTEGER NOT NULL,
    property TEXT NOT NULL,
    value TEXT NOT NULL,
    since TEXT NOT NULL,
    UNIQUE (object, property, value)
);

-- New groups refused once for a duplicate address; the second attempt is quarantined instead.
CREATE TABLE refused_groups (
    anchor TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    object INTEGER NOT NULL,
    action TEXT NOT NULL,
    at TEXT NOT NULL,
    properties TEXT NOT NULL,
    links TEXT NOT NULL
);
CREATE INDEX changes_object ON changes (object, seq)
