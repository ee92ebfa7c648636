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
) /* Who receives notifications. One that a sender names before anyone told us of it is made with defaults. */;
CREATE TABLE IF NOT EXISTS "idempotency_key" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "sender_id" VARCHAR(120) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "body_sha256" VARCHAR(64) NOT NULL,
    "uids" TEXT NOT NULL,
    "date_sent" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_idempotency_sender__58e594" UNIQUE ("sender_id", "key")
) /* A request that was accepted under a sender's key: the same key again gets the same notifications. */;
CREATE INDEX IF NOT EXISTS "idx_idempotency_date_se_eda242" ON "idempotency_key" ("date_sent");
CREATE TABLE IF NOT EXISTS "marks" (
    "id" SMALLINT NOT NULL PRIMARY KEY,
    "pruned_to" BIGINT NOT NULL,
    "log_run" VARCHAR(40) NOT NULL
) /* One row: the position up to which (and with which) notifications have been pruned, and Redis's present run. */;
CREATE TABLE IF NOT EXISTS "notification" (
    "uid" CHAR(36) NOT NULL PRIMARY KEY,
    "position" BIGINT UNIQUE,
    "channel" VARCHAR(120) NOT NULL,
    "sender_id" VARCHAR(120) NOT NULL,
    "event" VARCHAR(100) NOT NULL,
    "title_text" VARCHAR(200) NOT NULL,
    "body_text" TEXT NOT NULL,
    "notes" TEXT,
    "data" TEXT,
    "priority" VARCHAR(6) NOT NULL,
    "date_sent" TIMESTAMP NOT NULL,
    "send_at" TIMESTAMP,
    "expires_at" TIMESTAMP,
    "collapse_key" VARCHAR(100),
    "receiver_id" BIGINT REFERENCES "customer" ("id") ON DELETE RESTRICT
) /* A notification's row. Without a position it is outbox: accepted, and not known to be carried yet. */;
CREATE INDEX IF NOT EXISTS "idx_notificatio_channel_7ba4cc" ON "notification" ("channel", "position");
CREATE INDEX IF NOT EXISTS "idx_notificatio_channel_0ebd71" ON "notification" ("channel", "collapse_key", "position");
CREATE TABLE IF NOT EXISTS "receipt" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "date_received" TIMESTAMP NOT NULL,
    "date_read" TIMESTAMP,
    "customer_id" BIGINT NOT NULL REFERENCES "customer" ("id") ON DELETE CASCADE,
    "notification_id" CHAR(36) NOT NULL REFERENCES "notification" ("uid") ON DELETE CASCADE,
    CONSTRAINT "uid_receipt_notific_6ea7ed" UNIQUE ("notification_id", "customer_id")
) /* What one customer did with one notification, and when the service was told. */;
CREATE TABLE IF NOT EXISTS "subscription" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "topic" VARCHAR(100) NOT NULL,
    "position" BIGINT NOT NULL,
    "customer_id" BIGINT NOT NULL REFERENCES "customer" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_subscriptio_custome_b4de90" UNIQUE ("customer_id", "topic")
) /* A customer's standing interest in a topic, from the position at which it was made. */;
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSON NOT NULL
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
    "eJztXG1v2zYQ/iuEvzQFsiBVbCcrhgGuk7Ze8zI47lq0KARaom0iEqVKVByvy38fqfcXSp"
    "ZSS3ZUfymq4x1JP0ce747H/OjY3zVM0dHQsamhI6vzGvzoEKgj9p9M2yHoQNOMWjiBwqnm"
    "MitxrqlNLahQRp9BzUaMpCJbsbBJsUE496eFASykIHyPbEAMimdYgbzRPgI3BAG6gBRAYC"
    "OiIgvwCdlgimaGhQAkK4NzGJoKHBsYM4ApwDbQoYrAEtMFUNEMOhq1j/hcVENhk8Fk3uyw"
    "DsHfHSRTY47owsX16zdGxqzjB2QHn+adPMNIUxOwY5V34NJlujJd2hs8HxH61uXlP2oqK4"
    "bm6CTiN1d0YZBQABPKqXNEkAUpUmOqII6m+VoLSN5sGYFaDgqnqUYE/7cxApf2ZhDROrJ8"
    "fTORby8mstzJKDuQiCnCJykMeLZQ2FxtF4E5n8Jvv0vSycmpdHzSP+t1T097Z8dnjNedb7"
    "bp9NGbTASX15UL2ujd6HrCJ2Sw1egtU054dGUghZ6Uq40I/hm2bCq7Xxk1DBfQEishKZVS"
    "BvuRT1FGQIi0Ee2mEPpOXcrQ4YOsITKnC/b56vi4AOh/BuPh+8H4gHG9TMJ97TdJXhtHPk"
    "Jax6qqocpQp8T2WJfBWoNPWNQJoT3OZXBGOsRaFYxDgdbhK/W6JfBlXLn4um1JfE2GUaU1"
    "HAq0Dt8TqQS8J1IuurwpZSSMOSaVDEQg0DpwazLCZO7AeUUbHMk0iDIiDS3iXplF3MtfxL"
    "00yBTrSP63opVICDUI88fJsBmc+2VscT/fFPddS8xjltldzG3mhClU7pbQUuVES6SQRJwl"
    "CG188bcfxkhzmUQ68ELR61hXY2NZQi1+/FJJKzWGOI/Bwguo/hQTK9iNUE36k1iNvV7qWr"
    "rbBsl2pmHnP4nUbayrNsHFN6chGXnbNdukS3qaAgk7e1R/bD6Sj9lIRbppUESU1Qe06gjS"
    "RimOw6LkEY545TufeW0OaQAsxBRgUy9ts4Q2gIqCTKY44LgJnCCT88IGrFeGygIBm82Sfw"
    "E4Z1iBOaJ2RE+mhDLpo0ZGFGSOvna8XmUv1cMR+rbtbJJvWPfJpMJkUkJvZZ2RhFBzzkid"
    "ykj61lIp31oq8K2ljG/tm42yGPvsLURX6pVxqRlXQdidcaqnhrqS7QWUev0qKKfEWoj2Zv"
    "zqONQOVgX+zAQ95BjsgL8V4BaAObn47Jpf3WYORBzEg6vBZxdffeW3XN5cvwvYY6APL2/e"
    "pMBmhhvJzN7SLOLnrImHhWLUE4Ip6FVf8ij4z2YU0eTpWaSH0dXF7WRw9XdCGeeDyQVvkR"
    "KKCKgH/dQGCDsBn0aT94B/gi831xcumoZN55Y7YsQ3+dLhc4IONWRiLGWoxoEMyAGpSqBa"
    "p5d8Ba07W+Qcew2FPrEesqz1hPnVpWUsPXeTwYd5A3BMQA2wXGBlAQ4gUb1bSvf7ZdLvBA"
    "t4j8AUIQJMyyFIPQScf4xUbDNP1mTKYCsdsKasT9zw2Bu+V73Voab9MjerJ9JpP3R/+UeR"
    "w3t7Nbi8XO/hekpjCqkWZiTENoPwtv2CBgOORMpeZlBWTNoHIq3wGZIOWbdMbNHNDy26xx"
    "UTnXWeH+l8p+AkEaRE88+UuOUtm2SJyzCDzGz9EfjErLnh8FKZ0OJ71TCMODUeXodpEc+Y"
    "sy7AHTueCT8Upggo0LIwUsEKUVGSpYER1x8jXzvKAhKCNN8lccfsMKZEA9tVGjRtFGStIs"
    "bcY8gRnUMfP47Oc917wU51GPmIC9VzFHX+mDlE8U5yPhL/p/tnXTcVBRvWu/7xvMe4X+j+"
    "9DUHU6CKaudSTOpJx1L6wmEXzv2Gz6TY/ih7JsX3WvvOpFoSXvvUYlNIo3thgqCgpudenB"
    "hoBcJ1FEZQTDV2GqOHSjAnpVqItVQKa6kAaymLtZuTFUOdn2RMCLUC6aYzjcwjRZXyuqHA"
    "k+DezbqHJvO6sArYAf8e6+pYmxY2LEwrXb/FZVphTlK3QmUuhfLvhNIm+zndUuzMUn8O1x"
    "Rpf16GlVUcE9uAgp+RKXtu+kUPJmbdPUHFScm9lndZy+mEYOkESDqR2AJHpIHA0X/MKU6D"
    "FOX5UoIbSfVtG+7Gkn2Z25GsQrLaeGtYCM/JB7RyNTJic4dEERbcZ98dPy9N5FXkMrIFl+"
    "GdQHoRMghUpCHqgjBmpmg8GjK4y9TY70vGxYjXWgMdwCW4lYshmX8bZ8WYSryYhxTwF+jB"
    "Q3ugYr+sglPjd2beFdhygYhXZ4yse6wgt1yZP18XPYvfaN/CCub01WP49wL2lcw7Y9cPC6"
    "7T3FDSN1gCRZSIQ+PC+1h0p71YX1/wqYqGm1Lybh7srdBxYIAru84pwX3x1pMvyuNnolAN"
    "+WUhAtFNlojs7j5bUxFSEJqkPZCfDE+qv0XdUZTXhimCtZYIVYaD2+Hg/KIjNC/NBoLPFe"
    "KUTRXDu50axMTrWEGok349mx/v2GnOEtWHATAvbMCXicrABgxGZPFXmJgAyMIOEyuHYGYZ"
    "erIGnb/QdAvQsfdUk/+lLlG5YR1DCEOg+JZwu9zHPrt0LufHPp6yMgooqEwJBFp4t1lLHn"
    "dLxZo7h/R26jX3kcCOZdH3zlNLnKcBsph7IHKb/JZChwlGPOtcpXxQN/xi7ldxOaRX3dPu"
    "2Um/G+77kFK03dc7E/fIsoUnXb47ERNpoUNRyx8s4JuqAsI+ewvRrcVdYyNSYTnaX7c313"
    "kFDqFIOi+MFQr+Axq2n6O/UAAuByORDc5UW6YLKw+TOS3ewZttv0Z8/B8RYohE"
)
