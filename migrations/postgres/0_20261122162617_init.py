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
    "log_run" VARCHAR(64) NOT NULL
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
    "eJztXG1v2zYQ/iuEvjQFsiBVYicrhgGuk7ZeE2dw3LVoUQi0RNtEJEoVqThel/8+Um+WZE"
    "qWUlt2VH8JouMdRT1HHu+OR/9QHJuyiYvoUdejzLaQq7wGPxQCLcT/kbQeAgU6TrJNkBgc"
    "mb6AnuQbUeZCnXH6GJoUcZKBqO5ih2GbCO5PUxu4SEf4HlFAbIbHWIeikR6BG4IAm0IGIK"
    "CIGMgFYlAUjNDYdhGAZG4LDts0gEeBPQaYAUyBBQ0EZphNgYHG0DMZPRJjMWydDwaTSb2v"
    "9Qj+7iGN2RPEpj62X79xMuYdP3DkwkfnThtjZBop6LEhOvDpGps7Pu0NnvQIe+vzio8aab"
    "ptehZZ8DtzNrVJLIAJE9QJIsiFDBkJVRDPNEOtRaRgtJzAXA/FwzQWhPDbOEFIByNY0BRN"
    "698MtdvLoaYpS8qOJBKKCEk6B55PFD5W6iMwEUP47XdVPTk5U49P2uet07Oz1vnxOef1x7"
    "vcdPYYDGYBV9CVD1rvXa8/FAOy+WwMpqkgPPoykMFAytfGAv4xdinT/KclNXSn0JUrIS2V"
    "UQb/yKcoIyIstLFYTTH0yqaUYcEHzURkwqb88dXxcQHQ/3QG3fedwQHnepmGux82qUGbQH"
    "6BtIUNw0SVoc6I7bEug7UJnzCpU0J7nMvgjCyIzSoYxwKNw1dtnZbAl3Pl4uu3pfF1OEaV"
    "5nAs0Dh8T9QS8J6oueiKpoyRsCeYVDIQkUDjwN2QESYTD04q2uCFTI0oI1LTJG6VmcSt/E"
    "ncyoLMsIW0fytaiZRQjTB/HHbrwbldxha3801x27fEImYZ3yXcZkEYQf1uBl1DS7UsFJKK"
    "syShTSj+9sMAmT6TRAdxONpPdDawZyUUE0YwlfSywSDnMZp6ETUcYmoO+zGqw34arUHQz6"
    "am77Zhot4o7vynsbpNdNYkwMQStVU7b9EuN1mqlaVAwncgI3y3eFOMWs9AlmMzRPT5BzRX"
    "pCmkDM9hcSIJL7i1u5B9ZT6pA1zE1UBZkMKZQQqgriOHqw94fjInyuq8oID3yrGZIkD5SM"
    "UTgBOOGJggRhf0dHpoKZVUyxslWaSvStCrFqR9BELftp1ZCk3sPrFUmFhK6a2sY5ISqs8x"
    "2aQy0n62WsrPVgv8bHXJzw7NRlmMQ/YGoqu2yrjXnKsgBF9ysEe2MdfoFKqtdhWUM2INRH"
    "s9PnYSag8bEr9miB5yDHbE3whwC8AcXn72za9F6XczCeLBdeezj681D1uubvrvIvYE6N2r"
    "mzcZsLnhRhq3t2wZ8QveJEJEOeopwQz0Rih5FP2zHkXUuXsW6aF3fXk77Fz/nVLGRWd4KV"
    "rUlCIi6kE7swDiTsCn3vA9EI/gy03/Ukn4mSm+4RdFjAl6zNaIPdOgkQQyIkekKkHrZn3l"
    "a+jeUbmLHDSt8IytmGmlPywOM117FjidvDMsGoDnAGaD2RTrU3AAiRGcW/rPL9PeJ5jCew"
    "RGCBHguB5BxiEQ/ANkYMr9WYcPjc93wJuWPeOa373mk9ZbC5rmL3PWeqKetWMnWDwUub23"
    "152rq9V+bqA0rpBqwUZKbD0Ib9s7qDHsSCXxNQ5lxTR+JNIIz2HLqc/N7iLZDKh0P5GkSY"
    "t2lqT9LZtwScpws8wt/hH4xG267YkSmtjuB1UynDiyH17HKZLApPMuwB3fqonYGkYI6NB1"
    "MTLAHDFZwqWGN67eTL4q+hQSgszQPfHfqXCmVANfWyZ0KIoyWAvG3M3Ik+1GHz/2LnJdfc"
    "l69Tj5SAhtZkNS/hh7RA/2c/Em8ef0z02dYBQs2+BYKPAkkz6i/+krtqdIFdV2p4TUkzan"
    "7DHELuz+Ne9MifVRdmdKrrXm7UwbSX7t04x1IY3upcmCglqfe3mSoBEIb6JggmFm8t0YPV"
    "SCOS3VQKzVUlirBViry1j7+Vk51PkJx5RQI5CuO+vIPVJUKccbCzwJ7t2shqgzxwurgB3x"
    "77GujrXjYtvFrNJRXFKmEeYkk4ook4nIT0RkTfZzOrHYman+HI4ssv68BiurOCG2BgU/I1"
    "P23PSLHhzMu3uCitOSey3vspazCcHSCZBsIrEBjkgNgWN4yVOeBinK82UE15Lq2zbctSX7"
    "ls5IlhWyrI23tovwhHxAc18jPT52SHRZIb70TvLz0kVelS4nu3AWnwpkpyEHwUAmYj4MA2"
    "6MBr0uB7xM9f2+lHxLldERYNLzuQSaRedyboKtxJ16yIC4ox5dxQcGDsssBDV5ehYchs2m"
    "iATVx8i9xzryi5jFBXfZxfm19i2ta84eQsa/KLCvb94ZC39YcLDmB5Wh4ZIookREmhTeR6"
    "U77c+G+oJPVTRcl5J3c4NvhI4jA1zZic4I7ou5nnxkntwTpWrILxCRiK6zWGR319mK2pCC"
    "ICXrgfx0oFL9tuqO4rwyYJHMtlTQ0u3cdjsXl4rUwNQdFD5XkDN2VQ7wtuoSU/dnpUFP9o"
    "ZtUeRDs7wlKhIjeF5QIKaLwSEHHEzkiluamADIAxAH64dg7NpWujpd3OD0S9NxcJVT/KqX"
    "rARxE6+QBkPJpeF3uY+CdmmHzo+CAmUtKaCgWiUSaOB550Zyu1sq4Nw5pLdTw7mPCXYss7"
    "53ohrkRHWQy10EufsUtq1wnOCCa5XLlA/tmu/U/Squh/rq9Oz0/KR9Gq//mFK07Fc7FffI"
    "pdIdL9+tSIg00LHYyA8biGVVAeGQvYHobsRt429k0lK1v25v+nnFD7FINlOMdQb+Ayamz9"
    "FvKABXgJHKDy9VYmaLLg/TWS7RwZtt31d8/B+EbKJH"
)
