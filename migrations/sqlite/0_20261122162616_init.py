from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
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
    "log_run" VARCHAR(64) NOT NULL
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
        BEGIN IMMEDIATE;
        DROP TABLE IF EXISTS "receipt";
        DROP TABLE IF EXISTS "subscription";
        DROP TABLE IF EXISTS "idempotency_key";
        DROP TABLE IF EXISTS "notification";
        DROP TABLE IF EXISTS "customer";
        DROP TABLE IF EXISTS "marks";"""


MODELS_STATE = (
    "eJztXG1v2zYQ/iuEvzQFsiBVYicrhgGuk7ZeE2dw3LVoUQi0RNtEJEqVqDhel/8+Uu8vlC"
    "ylluyo/lJUxzuSfo483h2P+dGxv2uYoqOBY1NDR1bnNfjRIVBH7D+ZtkPQgaYZtXAChVPN"
    "ZVbiXFObWlChjD6Dmo0YSUW2YmGTYoNw7k8LA1hIQfge2YAYFM+wAnmjfQRuCAJ0ASmAwE"
    "ZERRbgE7LBFM0MCwFIVgbnMDQVODYwZgBTgG2gQxWBJaYLoKIZdDRqH/G5qIbCJoPJvNlh"
    "HYK/O0imxhzRhYvr12+MjFnHD8gOPs07eYaRpiZgxyrvwKXLdGW6tDd4PiT0rcvLf9RUVg"
    "zN0UnEb67owiChACaUU+eIIAtSpMZUQRxN87UWkLzZMgK1HBROU40I/m9jBC7tzSCidWR5"
    "dDORby8nstzJKDuQiCnCJykMeLZQ2FxtF4E5n8Jvv0vSycmZdHzSO++enp11z4/PGa8732"
    "zT2aM3mQgurysXtOG74WjCJ2Sw1egtU054dGUghZ6Uq40I/hm2bCq7Xxk1DBbQEishKZVS"
    "BvuRT1FGQIi0Ee2mEPpOXcrQ4YOsITKnC/b56vi4AOh/+uPB+/74gHG9TMI98pskr40jHy"
    "GtY1XVUGWoU2J7rMtgrcEnLOqE0B7nMjgjHWKtCsahQOvwlbqnJfBlXLn4um1JfE2GUaU1"
    "HAq0Dt8TqQS8J1IuurwpZSSMOSaVDEQg0DpwazLCZO7AeUUbHMk0iDIiDS3ibplF3M1fxN"
    "00yBTrSP63opVICDUI88fJoBmce2VscS/fFPdcS8xjltldzG3mhClU7pbQUuVES6SQRJwl"
    "CG188bcfxkhzmUQ68ELRUayrsbEsoRY/fqmklRpDnMdg4QVUf4qJFexGqCb9SazGXi91Ld"
    "1tg2Q707Dzn0TqNtZVm+Dim9OQjLztmm3SJT1NgYSdPao/Nh/Jx2yoIt00KCLK6gNadQRp"
    "oxTHYVHyCEe88p3PvDaH1AcWYgqwqZe2WUIbQEVBJlMccNwETpDJeWED1itDZYGAzWbJvw"
    "CcM6zAHFE7oidTQpn0USMjCjJHXzter7KX6uEIfdt2Nsk3rPtkUmEyKaG3ss5IQqg5Z6RO"
    "ZSR9a6mUby0V+NZSxrf2zUZZjH32FqIrdcu41IyrIOzOONVTQ13J9gJK3V4VlFNiLUR7M3"
    "51HGoHqwJ/ZoIecgx2wN8KcAvAnFx+ds2vbjMHIg7iwXX/s4uvvvJbrm5G7wL2GOiDq5s3"
    "KbCZ4UYys7c0i/gFa+JhoRj1hGAKetWXPAr+sxlFNHl6FulheH15O+lf/51QxkV/cslbpI"
    "QiAupBL7UBwk7Ap+HkPeCf4MvN6NJF07Dp3HJHjPgmXzp8TtChhkyMpQzVOJABOSBVCVTr"
    "9JKvoXVni5xjr6HQJ9ZDlrWeML+6tIyl524y+DBvAI4JqAGWC6wswAEkqndL6X6/TPqdYA"
    "HvEZgiRIBpOQSph4Dzj5GKbebJmkwZbKUD1pT1iRsee8P3qrc61LRf5mb1RDrrhe4v/yhy"
    "eG+v+1dX6z1cT2lMIdXCjITYZhDetl/QYMCRSNnLDMqKSftApBU+w5YTnXWeH+l8p+AkEa"
    "RE88+UuOUtm2SJyzCDzGz9EfjErLnh8FKZ0OJ71TCMODUeXodpEc+Ysy7AHTueCT8Upggo"
    "0LIwUsEKUVGSpYER1x8jXzvKAhKCNN8lccfsMKZEA9tVGjRtFGStIsbcY8gRnUMfPw4vct"
    "17wU51GPmIC9VzFHX+mDlE8U5yPhL/5/TPum4qCjasd/3jeY9xv9D96WsOpkAV1c6lmNST"
    "jqX0hcMunPsNn0mx/VH2TIrvtfadSbUkvPapxaaQRvfCBEFBTc+9ODHQCoTrKIygmGrsNE"
    "YPlWBOSrUQa6kU1lIB1lIWazcnK4Y6P8mYEGoF0k1nGplHiirldUOBJ8G9m3UPTeZ1YRWw"
    "A/491tWxNi1sWJhWun6Ly7TCnKSSEGVyEPkpiLTJfk63FDuz1J/DNUXan5dhZRXHxDag4G"
    "dkyp6bftGDiVl3T1BxUnKv5V3WcjohWDoBkk4ktsARaSBw9B9zitMgRXm+lOBGUn3bhrux"
    "ZF/mdiSrkKw23hoWwnPyAa1cjQzZ3CFRhAX32XfHz0sTeRW5jGzBZXgnkF6EDAIVaYi6II"
    "yZKRoPBwzuMjX2+5JxMeK11kAHcAlu5WJI5t/GWTGmEi/mIQX8BXrw0B6o2C+r4NT4nZl3"
    "BbZcIOLVGSPrHivILVfmz9dFz+I32rewgjl99Rj+vYB9JfPO2PXDgus0N5T0DZZAESXi0L"
    "jwPhbdaS/W1xd8qqLhppS8mwd7K3QcGODKrnNKcF+89eSL8viZKFRDflmIQHSTJSK7u8/W"
    "VIQUhCZpD+Qnw5Pqb1F3FOW1YYpgrSVClUH/dtC/uOwIzUuzgeBzhThlU8XwbqcGMfE6Vh"
    "DqpF/P5sc7dpqzRPVhAMwLG/BlojKwAYMRWfwVJiYAsrDDxMohmFmGnqxB5y803QJ07D3V"
    "5H+pS1RuWMcQwhAoviXcLvexzy6dy/mxj6esjAIKKlMCgRbebdaSx91SsebOIb2des19JL"
    "BjWfS989QS56mPLOYeiNwmv6XQYYIRzzpXKR/UDb+Y+1VcDunV6dnp+UnvNNz3IaVou693"
    "Ju6RZQtPunx3IibSQoeilj9YwDdVBYR99haiW4u7xkakwnK0v25vRnkFDqFIOi+MFQr+Ax"
    "q2n6O/UAAuByORDc5UW6YLKw+TOS3ewZttv0Z8/B8W+IhW"
)
