from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
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
    "step" VARCHAR(10) NOT NULL,
    "bucket" SMALLINT NOT NULL,
    "shard" SMALLINT NOT NULL,
    "count" BIGINT NOT NULL,
    CONSTRAINT "uid_tally_hour_671097" UNIQUE ("hour", "event", "step", "bucket", "shard")
) /* How often something happened to notifications of one kind that were sent in one hour (see `app.tally`). */;
        CREATE TABLE IF NOT EXISTS "withheld" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "copy_uid" CHAR(36),
    "customer_id" BIGINT NOT NULL REFERENCES "customer" ("id") ON DELETE CASCADE,
    "notification_id" CHAR(36) NOT NULL REFERENCES "notification" ("uid") ON DELETE CASCADE,
    CONSTRAINT "uid_withheld_notific_ebf8dc" UNIQUE ("notification_id", "customer_id")
) /* A customer to whom a notification is not pushed, because of their preferences. */;
        ALTER TABLE "customer" ADD "muted_kinds" TEXT NOT NULL DEFAULT '';
        ALTER TABLE "customer" ADD "quiet_to" VARCHAR(5);
        ALTER TABLE "customer" ADD "quiet_from" VARCHAR(5);
        ALTER TABLE "notification" ADD "copy_of" CHAR(36);
        ALTER TABLE "notification" ADD "receivers" INT NOT NULL DEFAULT 1;
        ALTER TABLE "notification" ADD "date_retracted" TIMESTAMP;
        ALTER TABLE "notification" ADD "release_at" TIMESTAMP;
        ALTER TABLE "notification" ADD "retracts" CHAR(36);
        CREATE INDEX IF NOT EXISTS "notification_expiring" ON "notification" ("date_sent") WHERE expires_at IS NOT NULL;
        UPDATE "notification" SET "release_at" = "send_at" WHERE "position" IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_outbox" ON "notification" ("release_at", "date_sent") WHERE position IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_retracted" ON "notification" ("date_sent") WHERE date_retracted IS NOT NULL;
        CREATE INDEX "idx_subscriptio_topic_c85043" ON "subscription" ("topic");"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX IF EXISTS "idx_subscriptio_topic_c85043";
        DROP INDEX IF EXISTS "notification_retracted";
        DROP INDEX IF EXISTS "notification_outbox";
        DROP INDEX IF EXISTS "notification_expiring";
        ALTER TABLE "customer" DROP COLUMN "muted_kinds";
        ALTER TABLE "customer" DROP COLUMN "quiet_to";
        ALTER TABLE "customer" DROP COLUMN "quiet_from";
        ALTER TABLE "notification" DROP COLUMN "copy_of";
        ALTER TABLE "notification" DROP COLUMN "receivers";
        ALTER TABLE "notification" DROP COLUMN "date_retracted";
        ALTER TABLE "notification" DROP COLUMN "release_at";
        ALTER TABLE "notification" DROP COLUMN "retracts";
        DROP TABLE IF EXISTS "withheld";
        DROP TABLE IF EXISTS "tally";
        DROP TABLE IF EXISTS "orders";"""


MODELS_STATE = (
    "eJztXW1v2zgS/iuEv2wL5ILWeWu7hwPSNN3mmiaHxL0utl2otETbRGTRFak6vl7/+3Kod4"
    "mSJccvilZf2ojkUPQz9HD4cDj+0ePfbCrI/pnHBZsSt/cK/eg5eErkH7m6PdTDs1lcAwUC"
    "D23V2Ey2GnLhYlPI8hG2OZFFFuGmS2eCMgdaf5ow5BKT0O+EI4cJOqImhkq+j64dgsQEC4"
    "QRJ45FXAQD4mhIRswlCDsLBi2YbSGPIzZCVCDK0RRbBM2pmCCLjLBnC74PY7GYKQdDnfF2"
    "X+s59JtHDMHGREwUrp//lMVUdnxPePg4uzNGlNhWCnZqQQeq3BCLmSp7TccXjnir2sKHGh"
    "oms72pE7efLcSEOZEAdQSUjolDXCyIlVCF49l2oLWwyB+tLBCuR6JhWnFB8NlkAUj7I4jL"
    "eoZxdT0wbs8HhtHLKTuUSCgiKDIl8HKiyLFyhcAYhvCPl/3+wcFJ/9nB8Yujw5OToxfPXs"
    "i2arz5qpOf/mBiuPyuFGgXv11cDWBATM5Gf5pCwU8lgwX2pZQ2YvhH1OXCUE85NZxNsKtX"
    "Qloqowz5IVdRRlgQayP+NkXQ9zaljCm+N2zijMVEPj5/9qwE6P+e3py9O715Ils9TcN9FV"
    "T1/TpAPkZ6Si3LJrWhzoh1WFfB2sYrTOqUUIdzFZzJFFO7DsaRQOvw7R8dVsBXtirEV9Wl"
    "8Z1JjGrN4Uigdfge9CvAe9AvRBeqMkaCjalTy0CEAq0Dd0NG2Bl7eFzTBscyW0SZOFuaxE"
    "dVJvFR8SQ+yoIs6JQY/6tpJVJCW4T54+BsOzgfV7HFx8Wm+DhniaeexMK4kx+P55EekPuC"
    "3UpGbHtYazcuD8C3BM/B+e9q2zHlcqOcxPHJh9PfFcTTRVBzeX31W9g8gfvZ5fXrDN7fPE"
    "qEMXLZtM7ETkuthHawBXw42JuY11XMR7H1yBkPHy7B6kPsy3QAawAGpmN0l9hsQ8EQm3dz"
    "7FpGqibWRIqd0RAigfjb9zfEVo108PsE1lWiqxs2f3wa+RlOubA0GGJq6ipeayYeiNWN38"
    "tWjfAWQeLeMOr8gUjdJrpqK1zAa04Cm7c6Up8SvbQFJTBhrM+KjFq+atqfZkuwI/16K3g3"
    "vCnA68Ii0xkTxDEX78mip6HkMy32yoh5Grc17oLGS/n5U+QSqQAufEp8jjnCpklmUnHIU+"
    "R4yJL/wpHsVaIyIYjLUcITwmOJFRoTwePyNN2eo+a38kYNK/+55/dq+DQ6IPTnrpn6YPnp"
    "iPpSoj6lt6rOWkpox5uPjfAW/Uq8Rb+Et+jneIvAbFTFOGjeQnT7R1XcYdmqhNLM7TmGzF"
    "oYfIL7R8d1UM6ItRDt9XMWHq1HVoTtWwHutgkLabiJIe2tyCP+RlYB5aZHPSWYgd4KJPfD"
    "P9ajiG2unmV6uPhwfjs4/fCflDLenA7OoaafUkRY+uQ48wWIOkGfLgbvEDyiP66vzhWajI"
    "uxq94Ytxv80YMxYU8ww2FzA1tJIMPisKjOdn6TXvIH7N5xnXPsV5T6xNOoyVJPGMJCXDb3"
    "3U0JH4UK5M2QYGg+oeYEPcGO5UeAqOenab8TTfB3goaEOGjmeg6x9hC0vyEW5dKTnUllyJ"
    "mOZFXeJ97yu9ccs3I7xbb9t4laOeifHEfuLzyUOby3H04vL5d7uL7StHRk2TYjJbYehHft"
    "F2xxw5E6DjUklDUPREORVvgMm3DIGrJ+ZFlhzUqiIY6L15Sk5a1KsiRlpEGWtn4fAVvGPA"
    "hDjCy+H2koC4fs/lVEi/jGXHaB7uTy7MCiMCTIxK5LiYUWROhIlg2/8YvzxfkE/I3Ad4TL"
    "HpPvQ6A46BfDe6U02/PXrq8uUVDxr6+CNwd97qGZjU3ZN7zXJfJhAQ+yB9tGDBYp+adLKq"
    "5en3vmBDsOsQNPSH3UnmyUqpBfZhvPOAnJsmTDH714cvVcYhMs22FlUWOnFd5K7mFx5Ypl"
    "DgaiO9gwfITVPArsRE9JSzjgAX16d35zHqvl4hZdfby87P3MDGW1l8t2VM2MJa9X7QiXH1"
    "QN4HqwzkEEqifWslGo7qPW6ZEU+iWezjH5+PHiTeF+T2O6PVm8D0Kb8U16/xx5jum7dvAm"
    "+OfwX5sKCyix4H6shb+dSG4U1Edf4qmEX5J6jkpCaiU/JXtO1wRHcMtOSsJyVXVSklawfU"
    "7KRhjQjmveFtLku5YxKgmg/a5nilqB8CaiEAUVtvST5PpaB+a0VAux7lfCul+CdT+PtSLp"
    "9VAXs84poVYgvW3qWXqYpBbRHwm0IYBrB0Q/rgN22L7Duj7WM5cyl4pa57FJmVaYkwwrVY"
    "WUKuaksib7MR1bNWaqP4Zzq6w/HxA3dVScEFuDgh+RKXts+k1zc3VUnJbstNxkLcfEZF0t"
    "pyU7LTdZy1lCvjLNlSXyW+BuboEeCPJjuJr9UyGRm5LZ7Ynz8weA6xO4/eeHJ4cvDo4PI9"
    "42KimjazXULJstDDaqcwCREHnAIUTDJu1DjhyS89I/I6wDZ1Kmw1Ozz0mdvtXe7KSku0W0"
    "yYtoaKG1RxhlZ3QZwbUc0+16Ed3aQV0u1CWvkLw23jKX0LHzniyURi7k2LFjam+m5xN0PS"
    "5NFF2vksUunkfn+dlJKCGw5DZNKBBu5Hfj5uJs4EcBLLtW2t2S1CPeXfvb+bW/a9fSJ+Dz"
    "K/bKgs8YNKkY0QxJ8PzwrBl2BaIOwg5SHfjxXRA9RYYLNCHY5YjCjTo2oybyHEFtiM+aYI"
    "7gaNvSJ9hbY98PiEhWL615YJ+UWQ9RvtuAlNRm8WWV4M2XxcGbL4PbNMVBQGEKyNo+Rkaw"
    "8zFWDgZinktXUUBKrsN/VfzvqDAnxKmNf1quw39V/NWuFMLbxivuaBOy3cWzJu9nlbaUo7"
    "CSniPJjrVompYbcj0k3OJp/PHE7q/YI3cTjSq45FggSC8dekLIosG9PihNBsz7fvRcrhZ+"
    "ogvifqcmUfkyIDe1ziVfa9/aFBrZuy9RMvAulUaD1slizz1gcxXJsioVHAt3sS+NM6oa4h"
    "+vqmjcLZyN1/FOt+JN+/LuZi+SuuVW7xqaRnSdV9Ka+z1bcnxZcpyS9UAeeKRSP2VkQ1Fe"
    "erSimWup45Wz09uz0zfnPa152e7h1WOFOGNT9fDuZpeTSmKp2epkk1wW73d4tmWF6+8hML"
    "9wBNPEkmAjCSNxIQ0gnB34pwN7CPIXp5OgQIpAlQGF+rkC4Wd4dPfdN/EK7RYo+ZVQXeb2"
    "Pp+T5d0mqHGbIF87OQWUXIkLBVp4qWIjoYU7uiXeOKR3czbUbQkaFgLUeVEt8aIG2La1eZ"
    "r9ilK/SURNljpM79gcsZEgDuISCDEBX2Yie5b6tiAXTzr3Gxspfhd+aSNIqSydHqQSvkm/"
    "B6omzHPRE04I+ip72Vcj+fo070Vt8b1a1wraQ2V0058LMoP/h555R/wSuUhbHdvcHLNX5m"
    "iF+qx4uSBs3qaFZ213DLp0GZt2WkNjUxXgsH0r8a0Ebwm6ufwYkQVPw1ueOzSWapNNWD2D"
    "aGKyqnWwJpyRUIdmLpxOZ1yXRNJpzeujxnIX26TdePJRzLrGmU/Gsxf788nY+TocqJ/TmU"
    "2zOTOp+qFyNPP4BPJhDomJPU7Ay5YOMnUhifNIOthyd6j9UZV1dg/JPS8E8KgLDr48sKXU"
    "GbL7PQQJtf3MnOr3/X5FTHr46ofRlLfP96DHefjDLmozIAcUkK9P5R9w8RGNpJTcXvB41N"
    "iWG4Yvjh9SDuHiKh+oClORzYK7+nHIygJix7swlcdsCMo2Dup2bM2UnkmZ7gpoRwk2Yop3"
    "UQJdlECTUO6iBHYPcYP57VPiUnOi84mDmlKPGMdtlvnDxaCu+bdJ/i4O2wN5xmJXDJK9aI"
    "1oMTGWEGkhN7aRn4aDL1UNhIPmLUR3I8yufKPQsuf/vr2+KtpNRCLZAGhqCvR/ZFP+GJ3f"
    "EnABDOi5OI1pNmNpxi2DDl7vmuL5+RfhD9K6"
)
