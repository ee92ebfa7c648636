from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE IF NOT EXISTS "orders" (
    "order_id" VARCHAR(94) NOT NULL PRIMARY KEY,
    "customer_id" BIGINT,
    "courier_id" BIGINT,
    "kitchen_id" BIGINT,
    "date_changed" TIMESTAMPTZ NOT NULL,
    "date_ended" TIMESTAMPTZ
);
CREATE INDEX IF NOT EXISTS "idx_orders_date_ch_7fa3d8" ON "orders" ("date_changed");
COMMENT ON TABLE "orders" IS 'Who takes part in an order, and thereby hears its topic until it has ended.';
        CREATE TABLE IF NOT EXISTS "tally" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "hour" INT NOT NULL,
    "event" VARCHAR(100) NOT NULL,
    "shard" INT NOT NULL,
    "receivers" BIGINT NOT NULL,
    "muted" BIGINT NOT NULL,
    "held" BIGINT NOT NULL,
    "expired" BIGINT NOT NULL,
    "carried" BYTEA NOT NULL,
    "received" BYTEA NOT NULL,
    "read" BYTEA NOT NULL,
    CONSTRAINT "uid_tally_hour_24e6ab" UNIQUE ("hour", "event", "shard")
);
COMMENT ON TABLE "tally" IS 'What became of the notifications of one kind that were accepted in one hour (see `app.tally`).';
        CREATE TABLE IF NOT EXISTS "withheld" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "copy_uid" UUID,
    "customer_id" BIGINT NOT NULL REFERENCES "customer" ("id") ON DELETE CASCADE,
    "notification_id" UUID NOT NULL REFERENCES "notification" ("uid") ON DELETE CASCADE,
    CONSTRAINT "uid_withheld_notific_ebf8dc" UNIQUE ("notification_id", "customer_id")
);
COMMENT ON TABLE "withheld" IS 'A customer to whom a notification is not pushed, because of their preferences.';
        ALTER TABLE "customer" ADD "quiet_from" VARCHAR(5);
        ALTER TABLE "customer" ADD "quiet_to" VARCHAR(5);
        ALTER TABLE "customer" ADD "muted_kinds" TEXT NOT NULL DEFAULT '';
        ALTER TABLE "notification" ADD "release_at" TIMESTAMPTZ;
        ALTER TABLE "notification" ADD "receivers" INT NOT NULL DEFAULT 1;
        ALTER TABLE "notification" ADD "date_retracted" TIMESTAMPTZ;
        ALTER TABLE "notification" ADD "retracts" UUID;
        ALTER TABLE "notification" ADD "copy_of" UUID;
        ALTER TABLE "notification" ADD "date_expired" TIMESTAMPTZ;
        CREATE INDEX IF NOT EXISTS "notification_retracted" ON "notification" ("date_sent") WHERE date_retracted IS NOT NULL;
        UPDATE "notification" SET "release_at" = "send_at" WHERE "position" IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_outbox" ON "notification" ("release_at", "date_sent") WHERE position IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_expiring" ON "notification" ("expires_at") WHERE expires_at IS NOT NULL AND date_expired IS NULL;
        CREATE INDEX IF NOT EXISTS "idx_subscriptio_topic_c85043" ON "subscription" ("topic");"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX IF EXISTS "notification_expiring";
        DROP INDEX IF EXISTS "notification_outbox";
        DROP INDEX IF EXISTS "notification_retracted";
        DROP INDEX IF EXISTS "idx_subscriptio_topic_c85043";
        ALTER TABLE "customer" DROP COLUMN "quiet_from";
        ALTER TABLE "customer" DROP COLUMN "quiet_to";
        ALTER TABLE "customer" DROP COLUMN "muted_kinds";
        ALTER TABLE "notification" DROP COLUMN "release_at";
        ALTER TABLE "notification" DROP COLUMN "receivers";
        ALTER TABLE "notification" DROP COLUMN "date_retracted";
        ALTER TABLE "notification" DROP COLUMN "retracts";
        ALTER TABLE "notification" DROP COLUMN "copy_of";
        ALTER TABLE "notification" DROP COLUMN "date_expired";
        DROP TABLE IF EXISTS "orders";
        DROP TABLE IF EXISTS "withheld";
        DROP TABLE IF EXISTS "tally";"""


MODELS_STATE = (
    "eJztXW1v2zgS/iuEv2wK5ILWeWt7hwPcNN36miaHxL3ubrtQaYm2iciiKlJNfL389+NQL5"
    "ZkSpb8Knv1JYhJDkU/Q5PDZ4ajny2XcTH0CD+68LlgY+K1XqOfLQePifxHU3uIWth1k3VQ"
    "JHDfVgJmsl2fCw+bQpYPsM2JLLIINz3qCsocaP15xJBHTEJ/EI4cJuiAmhgq+RG6cQgSIy"
    "wQRpw4FvEQDIqjPhkwjyDsTBi0YLaFfI7YAFGBKEdjbBH0QMUIWWSAfVvwIxiLxUw5GOoM"
    "N/tY36HffWIINiRipLD98qcsprLjR4lc+NG9NwaU2FYKempBB6rcEBNXlb2hw64j3qm28K"
    "X6hslsf+xM27sTMWJOLEAdAaVD4hAPC2IlVOH4th1qLSoKRisLhOeTeJjWtCD8brIApIMR"
    "TMtahnF90zPuLnuG0ZpRdiSRUERYZErg5USRY+UKgSEM4W+v2u3j4/P28+Ozl6cn5+enL5"
    "+/lG3VeGerzp+CwUzhCrpSoHV/7V73YEBMzsZgmkLBk5LBAgdSShtT+AfU48JQn2bUcDHC"
    "nl4JaamMMuSXXEQZUcFUG9NfUwx9a13KGONHwybOUIzkxxfPnxcA/Z/O7cX7zu2BbPUsDf"
    "d1WNUO6gD5KdJjalk2qQx1RqzBugzWNl5gUqeEGpzL4EzGmNpVMI4F9g7f9ulJCXxlq1x8"
    "VV0aX1diVGkOxwJ7h+9xuwS8x+1cdKEqs0iwIXUqLRCRwN6Bu6ZF2Bn6eFhxDZ7KbBBl4m"
    "xoEp+WmcSn+ZP4NAuyoGNi/LfiKpES2iDMn3oXm8H5rMxafJa/FJ/NrMRjX2Jh3Muvx2eR"
    "7pHHnNNKRmxzWGsPLkvgW4Bn7/I3dewYc/7dTuJ48LHzm4J4PAlrrm6uf42aJ3C/uLp5k8"
    "H7u0+JMAYeG1eZ2GmphdAOj4DLg72OeV1m+chfPWYWjwAuwapDHMg0AGsABqZjcJ84bENB"
    "H5v3D9izjFTNVBMpdkZDiITi7z7cEls10sAfk1jXic5u2cPu6eQpmnRRaTjE1ORVzJYrlk"
    "brNuhnowvxBmHifj/ufGms7hKd7StgwG6OwpVvGaw+J/rZF5xgKWNtlre4zVaN2+NsCXak"
    "fW+Fz4YnxYh1LTJ2mSCOOflAJi0tQZ9pc1hM09Npa+M+bD6Xre8gj0g1cBEQ5A+YI2yaxJ"
    "XqQ76iyiPO/BeOZK8SmxFBXI4UPiE8lIihIRF8Wp4m32eI+o08UcPRf2kFvRoBqQ4I/blt"
    "3j7cihravpC2T+mtrOmWEtryUWQtLEa7FIvRLmAx2jMsRrhslMU4bL6H6LZPyxjHslUBwT"
    "lzAukza2LwEW6fnlVBOSO2h2ivnsHwaTXqImq/F+Bumr6QCzcx5HorZhF/K6uAgNOjnhLM"
    "QG+FkkfRP6tRxCZ3zyI9dD9e3vU6H/+dUsbbTu8SatopRUSlB2eZH0DcCfrc7b1H8BH9cX"
    "N92UrYmal2vT9aMCbsC2Y47MHAVhLIqDgqqnK4X6+t/BF791xvIgdVcyzjcdxorj0MoSIe"
    "ewiMTtkZhQrku0gw9DCi5ggdYMcKokLU52dp6xON8A+C+oQ4yPV8h1iHCNrfEotyac+6cm"
    "hyviNZNWsZb/jZK45juRtj2/7LRLIct8/PYiMYPhSZvXcfO1dX8+3cQGlairLosJESWw3C"
    "27YONnjsSLlIDQllRSdpJLIXlsM6zLLa7CJZpli7n2jo5KKdJbn+liVckjJyWZYr/hEC/o"
    "z5EKAYr/tBDKIs7LPH1zFFEizpsgt0L7dqB7aGPkEm9jxKLDQhQke4rPmJX52vzmfgcgS+"
    "J1z2mHweAvVBvxieK6XZYbCDffOIgop/ex0+OezzELk2NmXf8FyPyA8T+CB7sG3EYKuS/3"
    "qk5B72pWWOsOMQO7SK1FdtyUapCvmTtrHLSUScJRv+bE2nWMsjNsGyHVbr6tSAhaeSR9hi"
    "ueKew4HoXB5GgLCaR+Fq0VLSEg74gD6/v7y9nKqle4euP11dtZ4yQ5GPo/J5MJQqT1diMD"
    "XmPH/avRrBTU+NAnWu3yL1tYN6K3d4i2ETTgpizRue6j5unRxi6ynXbvF1hsunT923uadC"
    "zdLuy+IjEFqP7dL6x8B3zMD0gyfBn5N/riuUoGCFD+IzgkNH8jihvvocSyb6+VQzZBJSC9"
    "kxWc9eHQzFDRsxiTWtrBGTXB/3z4hZC0/aMNKbQpr80PJKBUG3P/R80l4gvI7IRUGFLS0o"
    "ub9WgTkttYdYt0th3S7Auj2LtaLy9VDnc9Mpob1AetMEtbQwSSV3QCywD0FfW3AH4CpgR+"
    "0brKtj7XqUeVRU8tomZfZiOcmwVmVIq3zOKrtk75JzqzZTfRe8W1l7PqR0qqg4IbYCBe/Q"
    "UrZr+k2zdlVUnJZstFxnLScI0YpaTks2Wq6zlrNUfWmaK0vx74G5uQF6IMyp4WnOT7lEbk"
    "pmux7pF0uAGxC47Rcn5ycvj89OYt42LimiazXULHMnBhtUcUAkRJZwQtRs0i7jckjOy8B7"
    "WAXOpEyDp+ack/K+VT7spKSbTbTOm2jSg7uQrhOyjabrrOloL9Y6q4q8sRnBlThkt20ubc"
    "wlOxP0NKuQWW28Yx6hQ+cDmSiNdOXYsWPq8hZoU7jtli7yrt3JYg8/xLEb2WkoQbDkkVwo"
    "GG7lr+O2e9ELIj7mXTtu7tA2V0JrfSX0xrPyUjUGVYfFwYgMGpWMc4d0iUG4nos9gaiDsI"
    "NUB0G8H0TTkf4EjQj2OKJw25K51ES+I6gN8XojzBEENFj6VIwr7HuJOHX10IphGkmZ1bhH"
    "thuGlKIIXpUJ6X2VH9L7KrxplR/6FSULrWxvZAQbe2PhEDDme3QRBaTkGvwXxf+eCnNEnM"
    "r4p+Ua/BfFX51PIahxuODZNiHbXEqs89k2YCLAUFiMw4gkGwajblquzaWh6LCntcoTJ8Ei"
    "u9xLNCthmGOBIB15ZA8hi4Z3PqE0eVkisKYf5J4RpEIh3g9qEpVRBXKZ6wzzlfatTbKSvR"
    "EVJ49vkq3UaLfMt99DJl+RLou6AabCTdxT7ZZWjdMHL6po3GyftdfxVg/kdfvxbudEkrrh"
    "WO0KokZ0ldcR6/s7m+O6LnCwZC2QpZ0s1VOM1hTnuc4WzWxLOVwuOncXnbeXLe0Cs2mH1q"
    "6CnFlX9QBv67yTSnqqPfRk06IWnXx4tm2J9AgRPL9wBNPFkpAjCSbxIGUk+BICb8EhgszX"
    "6VQ5kE5S5cmhQV5JeIGTLh/COh6hPQwlfxqqy5lT0JdkeXMcqt1xKNDOjAIKLkZGAnt4tW"
    "YtAaZbyhVQO6S34ytqDgc1Cw9qrKk9sqZ62LZzcnsHVXPsJxE3Kscb94kJ+bDZQBkt6eSA"
    "shBIXng9S5h5m8C7L6PU29LsgeoR8z10wAlB3+TAjtQAvj3LoZLX+jitQQXtoTLO8sDlRm"
    "w13HJ9lrYiYyrSXslrJFHzfdpcVnabpEmMsm7DNFhayk/XuH0zXzXzteAeWZko9BpcJdvB"
    "pTjzSrdq0MciDewLw54TSF2AeiTRgL4w6Ln3mopwz7/Q1EBfHvowhasOegd7kxwuYSqUgb"
    "4/CfMw7Rj4RThCEp/DhOtYmiBvuted29/1eYCi9kkf2Jvfe5cd/f5aEfqCWI0G+wrY6yIo"
    "inHXhk40mBdiXpuowPhuk5baSd58KmJ3kjetqnjGgvdBsHE20zblKk236/MRZNEGdsbnET"
    "1DPXgBxIB4xDGJ9rVsq+weUoJ3BXjXJhy4HuCHqNNnj4cIXsYR5PNWBubfEfPQgXrRqmKD"
    "+CH0+BC9Gk69sUIOKHTJPZP/QFIENJBSYgRJw6NRY5s55KsTXDyCS0Uqi7gKY5TNwjw+05"
    "DGCdwwasIYd9vwKLiGBJkzKqb7Tso06SEaR1EtpngTRdZEkdUL5yaKrA4g19rv2SEeNUd6"
    "6zism2Mb42mreZZxPrQrfsPZX8V0W5LzzzfKgMfXLqf5XquEyB76rdbymln4WVVAOGy+h+"
    "iuxSsonyi0ntd/3d1c550rYpHsVRlqCvQ/ZFO+i2ZwAbgARor1mUl2ns1rnjHQoIM326Z8"
    "nv4PMgh3kg=="
)
