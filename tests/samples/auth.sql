-- The auth database of the first users, as their migrations make it.
CREATE TABLE users(
    id TEXT PRIMARY KEY,
    email TEXT UNIQUE NOT NULL,
    stripe_customer_id TEXT,
    created_at INTEGER NOT NULL,
    last_login_at INTEGER,
    timezone TEXT,
    is_deleted INTEGER DEFAULT 0,
    deleted_at INTEGER
);
CREATE INDEX idx_users_email ON users(email);
CREATE INDEX idx_users_stripe_customer_id ON users(stripe_customer_id);
