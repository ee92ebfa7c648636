from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
        CREATE TABLE IF NOT EXISTS "orders" (
    "order_id" VARCHAR(94) NOT NULL PRIMARY KEY,
    "customer_id" BIGINT,
    "courier_id" BIGINT,
    "kitchen_id" BIGINT,
    "date_changed" TIMESTAMP NOT NULL,
    "date_ended" TIMESTAMP
) /* Who takes part in an order, and thereby hears its topic until it has ended. */;
CREATE INDEX IF NOT EXISTS "idx_orders_date_ch_7fa3d8" ON "orders" ("date_changed");
        CREATE TABLE IF NOT EXISTS "tally" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "hour" INT NOT NULL,
    "event" VARCHAR(100) NOT NULL,
    "shard" INT NOT NULL,
    "receivers" BIGINT NOT NULL,
    "muted" BIGINT NOT NULL,
    "held" BIGINT NOT NULL,
    "expired" BIGINT NOT NULL,
    "carried" BLOB NOT NULL,
    "received" BLOB NOT NULL,
    "read" BLOB NOT NULL,
    CONSTRAINT "uid_tally_hour_24e6ab" UNIQUE ("hour", "event", "shard")
) /* What became of the notifications of one kind that were accepted in one hour (see `app.tally`). */;
        CREATE TABLE IF NOT EXISTS "withheld" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "copy_uid" CHAR(36),
    "customer_id" BIGINT NOT NULL REFERENCES "customer" ("id") ON DELETE CASCADE,
    "notification_id" CHAR(36) NOT NULL REFERENCES "notification" ("uid") ON DELETE CASCADE,
    CONSTRAINT "uid_withheld_notific_ebf8dc" UNIQUE ("notification_id", "customer_id")
) /* A customer to whom a notification is not pushed, because of their preferences. */;
        ALTER TABLE "customer" ADD "quiet_from" VARCHAR(5);
        ALTER TABLE "customer" ADD "quiet_to" VARCHAR(5);
        ALTER TABLE "customer" ADD "muted_kinds" TEXT NOT NULL DEFAULT '';
        ALTER TABLE "notification" ADD "copy_of" CHAR(36);
        ALTER TABLE "notification" ADD "retracts" CHAR(36);
        ALTER TABLE "notification" ADD "release_at" TIMESTAMP;
        ALTER TABLE "notification" ADD "date_retracted" TIMESTAMP;
        ALTER TABLE "notification" ADD "receivers" INT NOT NULL DEFAULT 1;
        ALTER TABLE "notification" ADD "date_expired" TIMESTAMP;
        CREATE INDEX IF NOT EXISTS "notification_retracted" ON "notification" ("date_sent") WHERE date_retracted IS NOT NULL;
        UPDATE "notification" SET "release_at" = "send_at" WHERE "position" IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_outbox" ON "notification" ("release_at", "date_sent") WHERE position IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_expiring" ON "notification" ("expires_at") WHERE expires_at IS NOT NULL AND date_expired IS NULL;
        CREATE INDEX "idx_subscriptio_topic_c85043" ON "subscription" ("topic");"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
        DROP INDEX IF EXISTS "idx_subscriptio_topic_c85043";
        DROP INDEX IF EXISTS "notification_expiring";
        DROP INDEX IF EXISTS "notification_outbox";
        DROP INDEX IF EXISTS "notification_retracted";
        ALTER TABLE "customer" DROP COLUMN "quiet_from";
        ALTER TABLE "customer" DROP COLUMN "quiet_to";
        ALTER TABLE "customer" DROP COLUMN "muted_kinds";
        ALTER TABLE "notification" DROP COLUMN "copy_of";
        ALTER TABLE "notification" DROP COLUMN "retracts";
        ALTER TABLE "notification" DROP COLUMN "release_at";
        ALTER TABLE "notification" DROP COLUMN "date_retracted";
        ALTER TABLE "notification" DROP COLUMN "receivers";
        ALTER TABLE "notification" DROP COLUMN "date_expired";
        DROP TABLE IF EXISTS "withheld";
        DROP TABLE IF EXISTS "orders";
        DROP TABLE IF EXISTS "tally";"""


MODELS_STATE = (
    "eJztXW1v2zgS/iuEv2wK5ILWeWt7hwPcNN36miaHxL3ubrtQaYm2iciiK1JNfL389+NQ7z"
    "KlSI5fZK2+BDHJoehnaHL4zHD0s8O/21SQgzOPCzYlbuc1+tlx8JTIfxbq9lEHz2ZxDRQI"
    "PLRVYzPZasiFi00hy0fY5kQWWYSbLp0Jyhxo/XnCkEtMQn8Qjhwm6IiaGCr5AbpyCBITLB"
    "BGnDgWcREMiKMhGTGXIOzMGbRgtoU8jtgIUYEoR1NsEXRHxQRZZIQ9W/ADGIvFTDkY6ow3"
    "+1jPod89Ygg2JmKicP3ypyymsuN7wsOPs1tjRIltpWCnFnSgyg0xn6myN3Tcd8Q71Ra+1N"
    "Awme1Nnbj9bC4mzIkEqCOgdEwc4mJBrIQqHM+2A62FRf5oZYFwPRIN04oLgu8mC0DaH0Fc"
    "1jGMy6uBcXM+MIzOgrJDiYQigiJTAi8nihwrVwiMYQh/e9XtHh6edp8fnrw8Pjo9PX75/K"
    "Vsq8a7WHX64A8mhsvvSoHW/7V/OYABMTkb/WkKBQ9KBgvsSyltxPCPqMuFoT4tqOFsgl29"
    "EtJSGWXIL7mMMsKCWBvxrymCvrMuZUzxvWETZywm8uOL588LgP5P7/rsfe96T7Z6lob7Mq"
    "jq+nWAfIz0lFqWTSpDnRFrsS6DtY2XmNQpoRbnMjiTKaZ2FYwjgcbh2z0+KoGvbJWLr6pL"
    "4zuTGFWaw5FA4/A97JaA97Cbiy5UZRYJNqZOpQUiFGgcuGtahJ2xh8cV1+BYZoMoE2dDk/"
    "i4zCQ+zp/Ex1mQBZ0S478VV4mU0AZh/jQ42wzOJ2XW4pP8pfhkYSWeehIL41Z+Pb6I9IDc"
    "55xWMmKbw1p7cHkCvgV4Ds5/U8eOKZcH5SSOex97vymIp/Og5uLq8teweQL3s4urNxm8v3"
    "uUCGPksmmViZ2WWgrt4Aj4dLDXMa/LLB/5q8fC4uHDJVh1iH2ZFmANwMB0jG4Th20oGGLz"
    "9g67lpGqiTWRYmc0hEgg/u7DNbFVIx38PoF1mejqmt3tnkYewikXlgZDTE1dxWvNxBOxuv"
    "Z72egivEGQuDeMOn8iUjeJrpoKF/Cak2DNWx6pz4lemoISLGGsy/IWtcWqaXeaLcGOtOut"
    "4NnwpACvvkWmMyaIY84/kHlHQ8lnWuwXEfM0bmvcBo0f5ed7yCVSAVz4lPgd5gibJplJxS"
    "FPkeMhS/4LR7JXicqEIC5HCZ8QHkus0JgIHpen6fYFan4jT9Sw8l86fq+GT6MDQn9um6kP"
    "tp+WqC8k6lN6K2uspYS2fPhYC2/RLcVbdAt4i+4CbxEsG2UxDpo3EN3ucRlzWLYqoDQXzh"
    "xDZs0NPsHd45MqKGfEGoj26jkLj1YjK8L2jQB304SFXLiJIddbsYj4W1kFlJse9ZRgBnor"
    "kDwI/1mNIja5exbpof/x/GbQ+/jvlDLe9gbnUNNNKSIs3TvJ/ACiTtDn/uA9go/oj6vLc4"
    "Um42LsqifG7QZ/dGBM2BPMcNidga0kkGFxWFTlOL9OK/kjdm+5zjj2Kwpt4mnU5FFLGMJC"
    "XHbnm5sSPgoVyJshwdDdhJoTtIcdy48AUZ+fpe1ONME/CBoS4qCZ6znE2kfQ/ppYlEtLdi"
    "aVIWc6klWLNvGGn73imJWbKbbtv0zUymH39CQyf+FDkcF787F3cfG4hesrTUtHFh0zUmKr"
    "QXjbdsEGDxwpd6ghoazoEA1FGmEzrMMgq8n+kWWFNTuJhjjO31OSK29ZkiUpIxdkudYfIG"
    "DLmAdhiNGK70caysIhu38d0SL+Yi67QLdye3ZgUxgSZGLXpcRCcyJ0JMuan/jV+ep8Bv5G"
    "4FvCZY/J5yFQHPSL4blSmu37e9c3lyio+LfXwZODPvfRzMam7Bue6xL5YQ4fZA+2jRhsUv"
    "Jfl5Tcvb50zAl2HGIHlpD6qh3ZKFUhf8w2nnESkmXJhj878eTquMQmWLbDakWNjVZ4KrmH"
    "zZUrljkYiM6xYfgIq3kUrBMdJS3hgA/o8/vz6/NYLf0bdPnp4qLzkBmKfByVz4OhVHm6Eo"
    "Op8cjz4+7VCK4GahSod/kWqa/t11u5w1sOm2BSEOux4anuo9bJIXYeci0WT2eyfPrUf5t7"
    "EtQs6p4sPgCh9VgtnX+MPMf0jT54Evw5+ue6AgYK1nY/CsM/aCSPEOqrP2LDhD+faiZMQm"
    "opCybrwauDibhh8yWxppU1X5LrY/PMl7Vwoy0LvSmkyQ8tl1QQWvtDzyE1AuF1xCcKKmxp"
    "Qcn9tQrMaakGYt0thXW3AOvuItaKvtdDnc9Hp4QagfSmSWlpYZJKLoBIoAmhXVtwAeAqYI"
    "ftW6yrYz1zKXOpqOSpTco0YjnJ8FVl6Kp8tiq7ZO+SQ6s2U30XPFpZez6gdKqoOCG2AgXv"
    "0FK2a/pNs3ZVVJyWbLVcZy0nCNGKWk5Ltlqus5azVH1pmitL8TfA3NwAPRBkznA156dcIj"
    "cls11f9IsngOsTuN0XR6dHLw9PjiLeNiopoms11CybzQ02quKASIg8wQlRs0n7FJdDcl76"
    "3sMqcCZlWjw155yU963yYScl3W6idd5Ekx7cpXSdkG01XWdNh3ux1llV5I3NCK7EIbttc2"
    "ljLtmFcKdFhSxq4x1zCR07H8hcaaQvx44dU5udYDFJ225pIu+KnSx28V0UuZGdhBICSx7I"
    "hQLhWv42rvtnAz/e47Grxe1NWT3i7dXPrV/9vHItfRJGv2K/KACRQZOSUe2QCNEP0ZthVy"
    "DqIOwg1YEf4wcRdGQ4RxOCXY4o3KpkM2oizxHUhhi9CeYIghgsfZLFFfb9hKh09dCKoRlJ"
    "mdW4RLYbepSiBV6VCeB9lR/A+yq4UZUf7hWmAa1sY2QEWxtj6bAv5rl0GQWk5Fr8l8X/lg"
    "pzQpzK+KflWvyXxV+dSSGQcbzkeTYh214+rPN51mcfwFBYjrcIJVvWom5arskVofCIp7HH"
    "E6e/fIvcTTQqYZJjgSDFeGgJIYsGdzuhNHk1wrej7+Ru4Sc7Ie4PahKVMwXyk+tM8pX2rU"
    "2jkr3/FCWEb9Op1GifzLfcA95ekSzLkv6xcBvlVLtFVePiwcsqGrcbZ+11vNWjeN1+vNs5"
    "i6TuM1a7cKgRXeXlw/r+zh5xVBe4U7IWyBNdKtXThtYU5UddK5q5lnKvnPVuznpvzzva5W"
    "WzzqtdhTizpurh3c4pJ5XIVHPUySY6zT/v8GzLEikQQmB+4QimiSXBRhJG4kIqSPAd+N6B"
    "fQQ5rNOJcCBNpMqCQ/18kfAqJl3Og3U8QnsESv4kVJcLZ58vyfL2EFS7Q5CvnQUFFFx+DA"
    "UaeH1mLUGkW8oHUDukt+Mbao8ENQsBaq2ohlhRA2zb2lzdfkWh3SSiJuVY4iExIb81Gylj"
    "JZ3yTxYCpQsvWAkyaRN4e2WYSluaO1A9YZ6L9jgh6Jsc1oEawLdnOcTxWh+nNaSgPVRGGR"
    "y43ICtlkmuz5JWZESF2it5RSRs3qRNZWU3RdqkJ+s2SP2lpfx0jdq381UzXwvuiJWJMK/B"
    "NbEdXIozL2WrBn0k0sK+NOw5gdIFqIcSLehLg557Z6kI9/zLSi305aEP0rPqoHewO8/hEG"
    "KhDPTDeZBjacfAL8IREvTsJxzF0gR507/sXf+uz/ETtk96vN78Pjjv6ffXitAXRGa02FfA"
    "XhcvUYy7NlCixbwQ85pE/0V3lzSkTvJeUz6vk7xDVcUX5r/fgU2z+bMpV8m3Zx6fQG5s4G"
    "U8HhIz1IUXOoyISxyTaF+wtsruIdF3X4A/bc6B5QFmiDpDdr+P4OUafpZuZVr+HTEX7amX"
    "pCoeiO9Dj3fhS97UGyjkgAIn3DP5D6Q6QCMpJSaQCjwcNbaZQ746/tUiuDakcoOrcEXZLM"
    "jOE4cuzuEOURuuuNsmR8FFI8iHUTGJd1KmTfrQuoZqMcXbaLE2WqxOKLfRYtuHuMZ+zh5x"
    "qTnR2cRBTaFFjOM2j9nD+aCu+D1lfxWD7Ykcf74pBry9dhHN91IlRBrop1rLa2LhR1UB4a"
    "B5A9FdixdQPlFoPa3/urm6zDtNRCLZizDUFOh/yKZ8F43fAnABjBTLs5C4PJujPGOWQQdv"
    "tk3xPPwfv6ZSAA=="
)
