from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE IF NOT EXISTS "customer" (
    "id" BIGINT NOT NULL PRIMARY KEY,
    "first_name" VARCHAR(100) NOT NULL,
    "middle_name" VARCHAR(100) NOT NULL,
    "last_name" VARCHAR(100) NOT NULL,
    "email" VARCHAR(254) NOT NULL,
    "phone" VARCHAR(32) NOT NULL,
    "login" VARCHAR(100) NOT NULL,
    "language" VARCHAR(35) NOT NULL,
    "time_zone" VARCHAR(64) NOT NULL
);
COMMENT ON TABLE "customer" IS 'Who receives notifications. One that a sender names before anyone told us of it is made with defaults.';
CREATE TABLE IF NOT EXISTS "idempotency_key" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "sender_id" VARCHAR(120) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "body_sha256" VARCHAR(64) NOT NULL,
    "uids" TEXT NOT NULL,
    "date_sent" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_idempotency_sender__58e594" UNIQUE ("sender_id", "key")
);
CREATE INDEX IF NOT EXISTS "idx_idempotency_date_se_eda242" ON "idempotency_key" ("date_sent");
COMMENT ON TABLE "idempotency_key" IS 'A request that was accepted under a sender''s key: the same key again gets the same notifications.';
CREATE TABLE IF NOT EXISTS "marks" (
    "id" SMALLINT NOT NULL PRIMARY KEY,
    "pruned_to" BIGINT NOT NULL,
    "log_run" VARCHAR(40) NOT NULL
);
COMMENT ON TABLE "marks" IS 'One row: the position up to which (and with which) notifications have been pruned, and Redis''s present run.';
CREATE TABLE IF NOT EXISTS "notification" (
    "uid" UUID NOT NULL PRIMARY KEY,
    "position" BIGINT UNIQUE,
    "channel" VARCHAR(120) NOT NULL,
    "sender_id" VARCHAR(120) NOT NULL,
    "event" VARCHAR(100) NOT NULL,
    "title_text" VARCHAR(200) NOT NULL,
    "body_text" TEXT NOT NULL,
    "notes" TEXT,
    "data" TEXT,
    "priority" VARCHAR(6) NOT NULL,
    "date_sent" TIMESTAMPTZ NOT NULL,
    "send_at" TIMESTAMPTZ,
    "expires_at" TIMESTAMPTZ,
    "collapse_key" VARCHAR(100),
    "receiver_id" BIGINT REFERENCES "customer" ("id") ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS "idx_notificatio_channel_7ba4cc" ON "notification" ("channel", "position");
CREATE INDEX IF NOT EXISTS "idx_notificatio_channel_0ebd71" ON "notification" ("channel", "collapse_key", "position");
COMMENT ON TABLE "notification" IS 'A notification''s row. Without a position it is outbox: accepted, and not known to be carried yet.';
CREATE TABLE IF NOT EXISTS "receipt" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "date_received" TIMESTAMPTZ NOT NULL,
    "date_read" TIMESTAMPTZ,
    "customer_id" BIGINT NOT NULL REFERENCES "customer" ("id") ON DELETE CASCADE,
    "notification_id" UUID NOT NULL REFERENCES "notification" ("uid") ON DELETE CASCADE,
    CONSTRAINT "uid_receipt_notific_6ea7ed" UNIQUE ("notification_id", "customer_id")
);
COMMENT ON TABLE "receipt" IS 'What one customer did with one notification, and when the service was told.';
CREATE TABLE IF NOT EXISTS "subscription" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "topic" VARCHAR(100) NOT NULL,
    "position" BIGINT NOT NULL,
    "customer_id" BIGINT NOT NULL REFERENCES "customer" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_subscriptio_custome_b4de90" UNIQUE ("customer_id", "topic")
);
COMMENT ON TABLE "subscription" IS 'A customer''s standing interest in a topic, from the position at which it was made.';
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSONB NOT NULL
);"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE IF EXISTS "receipt";
        DROP TABLE IF EXISTS "subscription";
        DROP TABLE IF EXISTS "idempotency_key";
        DROP TABLE IF EXISTS "notification";
        DROP TABLE IF EXISTS "customer";
        DROP TABLE IF EXISTS "marks";"""


MODELS_STATE = (
    "eJztXG1v2zYQ/iuEvzQFsiBVbCcrhgGuk7Ze8zI47lq0KARaom0iEqWKVByvy38fqTdLMi"
    "VLqSU7qr8E0fGOop4jj3fHo3+0bIuyqYPoUd+lzDKR03oNfrQINBH/R9J6CFrQtuNtgsTg"
    "2PAEtDjfmDIHaozTJ9CgiJN0RDUH2wxbRHB/mlnAQRrC94gCYjE8wRoUjfQI3BAE2AwyAA"
    "FFREcOEIOiYIwmloMAJAtLcFiGDlwKrAnADGAKTKgjMMdsBnQ0ga7B6JEYi25pfDCYTOt9"
    "rUvwdxepzJoiNvOw/fqNkzHv+IEjFzzad+oEI0NPQI910YFHV9nC9mhv8HRA2FuPV3zUWN"
    "UswzXJkt9esJlFIgFMmKBOEUEOZEiPqYK4hhFoLST5o+UE5rgoGqa+JATfxglC2h/BktZS"
    "1eubkXp7MVLV1oqyQ4mYIgKSxoHnE4WPlXoITMUQfvtdUU5OTpXjk+5Zp3162jk7PuO83n"
    "hXm04f/cEs4fK78kAbvBtcj8SALD4b/WkqCI+eDGTQl/K0sYR/gh3KVO9pRQ39GXTkSkhK"
    "pZTBP/IpyggJS20sV1MEfasqZZjwQTUQmbIZf3x1fJwD9D+9Yf99b3jAuV4m4b4OmhS/TS"
    "C/RNrEum6g0lCnxPZYF8HagE+Y1AmhPc5FcEYmxEYZjCOBxuGrdNoF8OVcmfh6bUl8bY5R"
    "qTkcCTQO3xOlALwnSia6oillJKwpJqUMRCjQOHArMsJk6sJpSRu8lKkRZURqmsSdIpO4kz"
    "2JO2mQGTaR+m9JK5EQqhHmj6N+PTh3i9jibrYp7nqWWMQsk7uY2ywIY6jdzaGjq4mWpUIS"
    "cZYktAnE334YIsNjkuggCkevY50NrXkBxQQRTCm9VBjkPIZTL6QGQ0zMYS9GtdlPozX0+6"
    "lq+m4bJuqOo85/GqvbWGdNAkwsUUuxshbtapOpmGkKJHwH0oN3izdFqA10ZNoWQ0RbfECL"
    "ljSFlOI5zE8k4SW3ehewr80n9YCDuBoo81M4c0gB1DRkc/UB10vmhFmdFxTwXjk2MwQoH6"
    "l4AnDKEQNTxOiSnkwPraSSanmjJIv0teX3qvppH4HQt21nlgITu08s5SaWEnor6pgkhOpz"
    "TKpURtLPVgr52UqOn62s+NmB2SiKccDeQHSVThH3mnPlhOArDvbY0hcqnUGl0y2DckqsgW"
    "hvxseOQ+1iXeLXjNBDhsEO+RsBbg6Yo4vPnvk1Kf1uxEE8uOp99vA1F0HL5c31u5A9Bnr/"
    "8uZNCmxuuJHK7S1bRfycN4kQUY56QjAFvR5IHoX/bEYRde6eeXoYXF3cjnpXfyeUcd4bXY"
    "gWJaGIkHrQTS2AqBPwaTB6D8Qj+HJzfdGK+ZkJvtGXlhgTdJmlEmuuQj0OZEgOSWWC1mp9"
    "5Svo3FG5i+w3rfGMzYhprT8sDjMda+47nbwzLBqAawNmgfkMazNwAInun1t6zy+T3ieYwX"
    "sExggRYDsuQfohEPxDpGPK/VmbD43Pd8CbVj3jmt+94ZPWWxMaxi9z1nqinHYjJ1g85Lm9"
    "t1e9y8v1fq6vNK6QcsFGQmwzCG/bO6gx7Egk8VUOZck0fijSCM8h6Za1i0QY7ewAo31cMv"
    "VZ7S6SzoBK9xNJmjRvZ4nb36IJl7gMN8vc4h+BT9ymW64ooYnsvl8lw4lj6+F1lCLxTTrv"
    "AtzxrZqIrWGMgAYdByMdLBCTJVxqeOP6zeRrS5tBQpARuCfeO1ucKdHA15YBbYrCDNaSMX"
    "MzcmW70cePg/NMV1+yXl1OPhJC1WxIrT8mLtH8/Vy8Sfxp/1nVCUbOsvWPhXxPMu4jep++"
    "ZnsKVVFud4pJPWlzSh9D7MLuX/POFFsfRXem+Fpr3s5USfJrn2asC2l0L00W5NT63MuTBI"
    "1AuIqCCYaZwXdj9FAK5qRUA7FWCmGt5GCtrGLt5WflUGcnHBNCjUC67qwj90hRqRxvJPAk"
    "uHezGqLOHC8sA3bIv8e6PNa2gy0Hs1JHcXGZRpiT1AlRkQOi7POhtMl+TicWOzPVn8ORRd"
    "qfV2FpFcfENqDgZ2TKnpt+0YONeXdPUHFScq/lXdZyOiFYOAGSTiQ2wBGpIXAMLnnK0yB5"
    "eb6U4EZSfduGu7Zk38oZyapCVrXx1nIQnpIPaOFpZMDHDokmK8SX3kl+XrrIqtLlZAfOo1"
    "OB9DTkIOjIQMyDYciN0XDQ54AXqb7fl5JvqTI6BEx6PhdDM+9czomxFbhTDxkQd9TDq/hA"
    "x0GZhaDGT8/8w7D5DBG/+hg591hDXhGzuOAuuzi/0b6ldc3pQ8joFwX29c07Y+EPcw7WvK"
    "AyMFwSRRSISOPC+6h0p/3ZQF/wqYqGm1Lybm7wjdBxaIBLO9EpwX0x15OPzON7olQN2QUi"
    "EtFNFovs7jpbUxuSE6SkPZCfDlTK31bdUZzXBiyS2ZYIWvq9237v/KIlNTB1B4XPFeSUXZ"
    "UDvK26xMT9WWnQk75hmxf50DRvgYrEEJ4XFIjponPIAQcTOeKWJiYA8gDExtohmDiWmaxO"
    "Fzc4vdJ07F/lFL/qJStBrOIV0mAovjS8LvdR0C7t0NlRkK+sFQXkVKuEAg0876wkt7ulAs"
    "6dQ3o7NZz7mGDHMut7J6pBTlQPOdxFkLtPQdsaxwkuuda5TNnQbvhO3a/ieiiv2qfts5Nu"
    "O1r/ESVv2a93Ku6RQ6U7XrZbERNpoGNRyQ8biGVVAuGAvYHoVuK28TcyaanaX7c311nFD5"
    "FIOlOMNQb+Awamz9FvyAFXgJHID69UYqaLLg+TWS7RwZtt31d8/B98cqI1"
)
