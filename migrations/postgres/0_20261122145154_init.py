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
CREATE TABLE IF NOT EXISTS "history" (
    "id" SMALLINT NOT NULL PRIMARY KEY,
    "pruned_to" BIGINT NOT NULL
);
COMMENT ON TABLE "history" IS 'One row: the position up to which (and with which) notifications have been pruned.';
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
        """


MODELS_STATE = (
    "eJztXG1v2zYQ/iuEvjQFsiBVYicrhgGuk7Ze8zIk7lq0KARaoi0iMqWKVByvy38fqXfJlC"
    "yltuyo/lJURx5FP0ee7h4e80NxbMomLqIHfY8ye4pc5TX4oRA4Rfw/ktZ9oEDHSbcJEYMj"
    "y1fQ0/1GlLlQZ1w+hhZFXGQgqrvYYdgmovcn0wYu0hG+RxQQm+Ex1qFopAfgmiDATMgABB"
    "QRA7lATIqCERrbLgKQzG3Rw7YM4FFgjwFmAFMwhQYCM8xMYKAx9CxGD8RcDFvnk8Fk0uxr"
    "PYK/e0hj9gQx08f26zcuxnzgB45c+OjcaWOMLCMDPTbEAL5cY3PHl73BkwFhb/2+4keNNN"
    "22vClJ+jtzZtokVsCECekEEeRChoyUKYhnWaHVIlEwWy5grofiaRqJIPxtXCC0gxkkMkXT"
    "rq6H2u35UNOUBWNHGilDhCKdA88XCp8r9RGYiCn89ruqHh2dqIdH3dPO8clJ5/TwlPf157"
    "vYdPIYTCaBKxjKB23wbnA1FBOy+WoMlqkQPPo6kMFAy7dGAv8Yu5Rp/tOCGfomdOVGyGrl"
    "jMF/5FOMEQkSayS7KYZeWZcxpvBBsxCZMJM/vjo8LAH6n95N/33vZo/3epmF+ypsUoM2gX"
    "yC9BQbhoVqQ51T22FdBWsLPmFRZ5R2OFfBGU0htupgHCu0Dl+1c1wBX96rEF+/LYuvwzGq"
    "tYZjhdbhe6RWgPdILURXNOWchD3BpJaDiBRaB+6anDCZeHBS0wcnOg2ijEhDi7hTZRF3ih"
    "dxJw8yw1Ok/VvTS2SUGoT547DfDM7dKr64W+yKu74nFjnL+C4VNgvBCOp3M+gaWqYlMUgm"
    "z5KkNqH62w83yPI7SWwQp6NXqcFu7FkFw4QZTC27rDHJeYyWXiQNp5hZw36O6rCfRusmGG"
    "ddy3fTMFFvFA/+01jdpgZrE2Bii9qqXbRpF5um6jQvgYR/gYzw3eJNMWrvMWW2O1ek3FHU"
    "uF9OHZmpbkuZI0HTuPaM/zgTAT4cFg3AcwCzwczEugn2IDECRsZ/fpkleoAJ7xEYIUSA43"
    "oEGYss0XpesWJG6HYKLeuX4YSO1JNuzAKJhzLe5/ayd3GxnOgJbMMNUo9uy6itBuENu47m"
    "eLca8cN63dbAQFPHZojo8w+owHvl+ixxYjjprd2his6sB1zElwBlAfM8gxRAXUcOXzrA8z"
    "noiIx+QQEfNXBJlM9UPAE44TYE3J/QRJ5ltRd8WyNvlLi6r0owqhZ4JoHQt00T4qEf23bf"
    "t2E+PGO3qvlURqm5fGqdxsjSA2olekAtoQfUBXogdBtVMQ67txBdtVOFFeC9SpjDBV5gZB"
    "tzjZpQ7XTroJxTayHaq6EG0lB72JCkY0P0UOCwo/6tALcEzOH5Z9/9Tin9bqVB3Lvsffbx"
    "nc7Dlovrq3dR9xTo/YvrNzmwueNGGve3bBHxM94kmC056hnFHPRGqHkQ/Wc1hmjy61lmh8"
    "Hl+e2wd/l3xhhnveG5aFEzhoike93cBogHAZ8Gw/dAPIIv11fnSirOzPQbflHEnKDHbI3Y"
    "Mw0aaSAjcSTanlg5T7lJg2UJL1cWLadjxqqhclqHB6c8Qz8An3gObnuiZiPO04OyDC4c2Q"
    "+v4+B2H4iUnQ8B7jjIRKTyIwR06LqYR75zxGShcgNvXM4KfFV0ExKCrHBh+e9UeKdMA9/W"
    "FnQoinKPpGNhWO3JQrqPHwdnhU5a4ig8Lj4QSuthFpQ/xh7RA/5FvEn8c/znuijzEpcRnE"
    "MEPiC9u/2fvoRniExRK4lJaz2JZcjz3r9MKpMgn9ofVcO99F5rQzTSQNqySxCbQhrdS8O8"
    "kuKSe3l41wqE13FCzzCz+NeYZyr1To/TWi3EWq2EtVqCtbqItZ9Zy6EuThUzSq1Auul8kU"
    "ekqFZ2His8Ce7tPH5vMjuHdcCO+u+wro+142LbxawWiZrWaYU7yXF7Vai9YmYv77KfE9e0"
    "NUv9OZBN+Xheg7VNnFJbgYGfkSt7bvZFDw7mwz3BxFnNnZW32cp5QrAyAZInElsQiDSQOI"
    "a3CuU0SBnPl1NcCdW3abg3V0+0aJBFa7y1XYQn5AOa+xYZ8LlDossqv6WXYJ+XLYrKQrnY"
    "hbP4VCC/DDkIBrIQ82G44c7oZtDngFcp997VLm+oFDcCTHo+l0Kz7FzOTXWrcIkbMiAuRU"
    "d3v4GBw7JYIU2fngWHYTMTkaBuDLn3WEd++Zm4US27qb3SsaUVaflDyPgK+64ybWs8/H7J"
    "wZqfVIaOS2KIChlpWnmXlW51PBvaCz7V0HBVRt7OD3wrbBw54NpBdE5xV5X/5CPz9DdRao"
    "biAhGJ6iqLRbZ3ny2pDSlJUvIRyE8nKvWvR24pzksTFslqyyQt/d5tv3d2rkgdTNNJ4XMF"
    "OedX5QBvqi4xc2FTmvTkr3SWZT4037dCRWIEzwsKxHIxOOSAg4lccb8GEwB5AuJgfR+MXX"
    "uavU0o7t74VwlxcAlH/BkpWQniOl4hTYbSW8MfcpcFbdMXujgLCoy1YICSapVIoYXnnWvh"
    "djdUwLl1SG+mhnOXE2wZs74LoloURPWQy0MEefgUti0JnGDSa1nIVAztiv84wq8Seqivjk"
    "+OT4+6x/H+jyVl2355UHGPXCr94hWHFSmVFgYWa7mSKrZVDYTD7i1Edy1hG38jk5aq/XV7"
    "fVVU/BCr5JlirDPwH7AwfY5xQwm4AowMP7xQiZkvutzPslxigDeb/tsej/8DZ9sikw=="
)
