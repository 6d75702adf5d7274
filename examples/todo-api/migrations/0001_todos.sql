CREATE TABLE todos (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    done BOOLEAN NOT NULL,
    created_at TEXT NOT NULL
);

CREATE INDEX todos_by_age ON todos (created_at, id);
