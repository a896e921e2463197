-- The billing database of the first users, as their migrations make it.
CREATE TABLE subscriptions(
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    product TEXT NOT NULL,
    status TEXT NOT NULL,
    stripe_customer_id TEXT,
    stripe_subscription_id TEXT UNIQUE,
    stripe_price_id TEXT,
    current_period_start INTEGER,
    current_period_end INTEGER,
    cancel_at_period_end INTEGER DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    cancelled_at INTEGER
);
CREATE TABLE usage(
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    count INTEGER DEFAULT 1,
    cost_cents INTEGER,
    month TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    metadata TEXT
);
CREATE TABLE credits(
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE,
    balance INTEGER NOT NULL DEFAULT 0,
    lifetime_purchased INTEGER NOT NULL DEFAULT 0,
    lifetime_used INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE TABLE credit_transactions(
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    type TEXT NOT NULL,
    amount INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    description TEXT,
    stripe_payment_id TEXT,
    metadata TEXT,
    created_at INTEGER NOT NULL
);
CREATE INDEX idx_usage_user_month ON usage(user_id, month);
