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
    "step" VARCHAR(10) NOT NULL,
    "bucket" SMALLINT NOT NULL,
    "shard" SMALLINT NOT NULL,
    "count" BIGINT NOT NULL,
    CONSTRAINT "uid_tally_hour_671097" UNIQUE ("hour", "event", "step", "bucket", "shard")
);
COMMENT ON TABLE "tally" IS 'How often something happened to notifications of one kind that were sent in one hour (see `app.tally`).';
        CREATE TABLE IF NOT EXISTS "withheld" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "copy_uid" UUID,
    "customer_id" BIGINT NOT NULL REFERENCES "customer" ("id") ON DELETE CASCADE,
    "notification_id" UUID NOT NULL REFERENCES "notification" ("uid") ON DELETE CASCADE,
    CONSTRAINT "uid_withheld_notific_ebf8dc" UNIQUE ("notification_id", "customer_id")
);
COMMENT ON TABLE "withheld" IS 'A customer to whom a notification is not pushed, because of their preferences.';
        ALTER TABLE "customer" ADD "muted_kinds" TEXT NOT NULL DEFAULT '';
        ALTER TABLE "customer" ADD "quiet_from" VARCHAR(5);
        ALTER TABLE "customer" ADD "quiet_to" VARCHAR(5);
        ALTER TABLE "notification" ADD "retracts" UUID;
        ALTER TABLE "notification" ADD "copy_of" UUID;
        ALTER TABLE "notification" ADD "receivers" INT NOT NULL DEFAULT 1;
        ALTER TABLE "notification" ADD "date_retracted" TIMESTAMPTZ;
        ALTER TABLE "notification" ADD "release_at" TIMESTAMPTZ;
        UPDATE "notification" SET "release_at" = "send_at" WHERE "position" IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_outbox" ON "notification" ("release_at", "date_sent") WHERE position IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_retracted" ON "notification" ("date_sent") WHERE date_retracted IS NOT NULL;
        CREATE INDEX IF NOT EXISTS "notification_expiring" ON "notification" ("date_sent") WHERE expires_at IS NOT NULL;
        CREATE INDEX IF NOT EXISTS "idx_subscriptio_topic_c85043" ON "subscription" ("topic");"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX IF EXISTS "notification_expiring";
        DROP INDEX IF EXISTS "notification_retracted";
        DROP INDEX IF EXISTS "notification_outbox";
        DROP INDEX IF EXISTS "idx_subscriptio_topic_c85043";
        ALTER TABLE "customer" DROP COLUMN "muted_kinds";
        ALTER TABLE "customer" DROP COLUMN "quiet_from";
        ALTER TABLE "customer" DROP COLUMN "quiet_to";
        ALTER TABLE "notification" DROP COLUMN "retracts";
        ALTER TABLE "notification" DROP COLUMN "copy_of";
        ALTER TABLE "notification" DROP COLUMN "receivers";
        ALTER TABLE "notification" DROP COLUMN "date_retracted";
        ALTER TABLE "notification" DROP COLUMN "release_at";
        DROP TABLE IF EXISTS "orders";
        DROP TABLE IF EXISTS "tally";
        DROP TABLE IF EXISTS "withheld";"""


MODELS_STATE = (
    "eJztXW1v2zgS/iuEv2wL5ILWeWu7hwPSNN36miaHxL0utl2otETbRGRRFak6vl7/+3KoF0"
    "syJUt+VbT60kYkh6KfoYfDh8Pxj47LuBh5hB9e+FywCfE6r9CPjoMnRP6hqT1AHey6yToo"
    "EnhgKwEz2W7AhYdNIcuH2OZEFlmEmx51BWUOtP40ZsgjJqHfCUcOE3RITQyV/BDdOASJMR"
    "YII04ci3gIBsXRgAyZRxB2ZgxaMNtCPkdsiKhAlKMJtgiaUjFGFhli3xb8EMZiMVMOhjqj"
    "3b7Wd+g3nxiCjYgYK2w//ymLqez4QSIXPrr3xpAS20pBTy3oQJUbYuaqstd01HPEW9UWPt"
    "TAMJntT5x5e3cmxsyJBagjoHREHOJhQayEKhzftkOtRUXBaGWB8HwSD9OaF4SfTRaAdDCC"
    "eVnHMK5v+sbdZd8wOgvKjiQSigiLTAm8nChyrFwhMIIh/ONlt3t0dNZ9dnT64uT47Ozkxb"
    "MXsq0a72LV2c9gMHO4gq4UaL3fetd9GBCTszGYplDwU8lggQMppY05/EPqcWGopwU1XIyx"
    "p1dCWiqjDPkhV1FGVDDXxvzbFEPf2ZYyJvjBsIkzEmP5+PzZswKg/3t+e/Hu/PaJbPU0Df"
    "d1WNUN6gD5OdITalk2qQx1RqzFugzWNl5hUqeEWpzL4EwmmNpVMI4FGodv9+S4BL6yVS6+"
    "qi6NrysxqjSHY4HG4XvULQHvUTcXXajKGAk2ok4lAxEJNA7cLRlhZ+TjUUUbPJfZIcrE2d"
    "EkPikziU/yJ/FJFmRBJ8T4X0UrkRLaIcwf+xe7wfm0jC0+zTfFpwuWeOJLLIx7+fH4ItJ9"
    "8pCzW8mI7Q5r7cZlDXwL8Oxf/q62HRPOv9lJHJ98OP9dQTyZhTVXN9e/Rc0TuF9c3bzO4P"
    "3Np0QYQ49NqkzstNRKaIdbwPXB3sa8LmM+8q3HgvEI4BKsOsSBTAuwBmBgOob3ic02FAyw"
    "eT/FnmWkauaaSLEzGkIkFH/7/pbYqpEG/pjEuk50dsumj08nP6NJF5WGQ0xNXsVsuWJttG"
    "6DfnZqiHcIE/cHcedrY3WX6KypgAG7OQ4t3zpYfUr00xScwJSxLsszbotVk+4kW4Id6d9b"
    "4bvhTTFiPYtMXCaIY87ek1lHS9Bn2hwU0/R03tq4D5svZevPkUekGrgICPIp5gibJnGl+p"
    "CvqPKIM/+FI9mrxGZMEJcjhSeERxIxNCKCz8vT5PsCUb+TN2o4+s+doFcjINUBoT/3zduH"
    "S1FL2xfS9im9lXXdUkJ73opshcXolmIxugUsRneBxQjNRlmMw+YNRLd7UsY5lq0KCM6FHc"
    "iAWTODj3H35LQKyhmxBqK9eQbDp9Woi6h9I8DdNX0hDTcxpL0Vi4i/kVVAwOlRTwlmoLdC"
    "ycPoj80oYperZ5Eeeh8u7/rnH/6TUsab8/4l1HRTiohKn5xmvgBxJ+hTr/8OwSP64+b6sp"
    "PwM1Pt+n90YEzYF8xw2NTAVhLIqDgqqrK5366v/AF791zvIgdVSzzjSdxoqT8MoSIemwZO"
    "p+yMQgXyXSQYmo6pOUZPsGMFUSHq+Wna+0Rj/J2gASEOcj3fIdYBgva3xKJc+rOuHJqc70"
    "hWLXrGO373huNY7ibYtv82kSxH3bPT2AmGhyK39+7D+dXVcj83UJqWoizabKTENoPwvr2D"
    "HW47UkekhoSy4iFpJNIIz2EbblltVpEsU6xdTzR0ctHKkrS/ZQmXpIw0y9LiHyLgz5gPAY"
    "qx3Q9iEGXhgD28iimSwKTLLtC9XKodWBoGBJnY8yix0IwIHeGy5Td+cb44n4DLEfiecNlj"
    "8n0I1Af9YnivlGYHwQr21SMKKv71VfjmsM8D5NrYlH3Dez0iH2bwIHuwbcRgqZJ/eqTkGv"
    "a5Y46x4xA79IrUR+3IRqkK+ZW2sctJRJwlG/7ozKdYxyM2wbIdVnZ17sDCW8kDLLFccc/h"
    "QHRHHkaAsJpHobXoKGkJBzygT+8uby/naundoeuPV1edn5mhrPZy2Y6qmbHk9aod4fKDqg"
    "Hc9Dc5iFD1xFo2CtV93Do9klzvxNe5Jx8/9t7k7v00BtyXxYcgtB0PpfPPoe+YgYMHb4J/"
    "jv+1rYCBAjseRGEEW4vkpkF99CX+SvQlqeauJKRW8lay53d1cAd37KokLFdZVyVpBZvnqm"
    "yFDW15510hTb5r2aOC0NrvetaoEQhvIz5RUGFLP0mur1VgTks1EOtuKay7BVh3F7FWhL0e"
    "6nwGOiXUCKR3TUNLD5NUIv1jgSaEdu2B9MdVwI7at1hXx9r1KPOoqHQ2m5RphDnJcFNlqK"
    "l8Ziprsh/TEVZtpvpjOMPK+vMhcVNFxQmxDSj4EZmyx6bfNDdXRcVpyVbLddbynJisquW0"
    "ZKvlOms5S8iXprmyRH4D3M0d0ANh5gxPs3/KJXJTMvs9d36+BrgBgdt9fnx2/OLo9Djmbe"
    "OSIrpWQ80yd2awYZUDiITIGocQNZu06xw5JOdlcEZYBc6kTIunZp+TOn2rvNlJSbeLaJ0X"
    "0chCa48wis7oMoIbOabb9yK6s4O6hYCXRYUsauMt8wgdOe/JTGmkJ8eOHVN3Z12bvutx6S"
    "LvypUs9vA0PtHPTkMJgiU3akLBcCu/Hbe9i34QB7Dsyml7f7K9Dljr64A3npWXpi+oOigO"
    "RGPQqGSMM6TKC0K1XOwJRB2EHaQ6CGK9IJKKDGZoTLDHEYWbdsylJvIdQW2I1RpjjuCY29"
    "Kn4dtg32vEKKuXVjy8T8pshjTfb3BKauP4skw458v8cM6X4S2b/ICgKFFkZX8jI9j6GysH"
    "BjHfo6soICXX4r8q/vdUmGPiVMY/Ldfivyr+aocKoW6jFXe3Cdn2Qlqd97ZKW8pRWEnPsW"
    "TLYNRNy7W5MBJt9rReeWInWOSXe4lmJRxzLBCkoo78IWTR8L4flCZD6ANveirXjCANBvG+"
    "U5OobBqQx1rnmG+0b22CjextmDhxeJtoo0arZb7/HvK7inRZlRyeC7fRMLUzrZqjALyqon"
    "G7fNZex3vdkNfty7ufHUnq3lu1i2ka0U1eUqvv92zJgWbBAUvWA1n7kKV6esma4rz0sEUz"
    "21IHLhfndxfnby47WgOz6wOtxwpyxq7qAd7XfieV8FK76cmmxCza+fBs2xJX4yN4fuEIpo"
    "slIUcSTOJBukA4SwhOCw4QZD1Op0mBVIIqRwoNcgrCj/fo7sJv4xXazVDyq6G6XNgFfU6W"
    "t9uh2m2HAu0sKKDgulwk0MALF1sJO9zTDfLaIb2fs6J2c1Cz8KDWm2qQN9XHtp2T1zmoWu"
    "I/ibjRUsfpHZsiNhTEQVzCIcbg04xl31LrFuTrSWeJY0PF+MLvdIQpmKXzg1RqOOn/QNWY"
    "+R56wglBX2Uvh2okX58uelM7fK/WxYL2UBlnA+CCuPD/wDfvSVAiF2ur5Z/rY/6KHK5Iny"
    "UvIETNm7QAbeweQptSY9vOa2RsygIctW8kvqXgLUB3IYdGbMHT8BZnGZ1LNckmrJ5rNDFZ"
    "1TpYEc5YqEVzIcxOZ1yXRNhpzeujxnIf26V9+fNxTLvWpU9GvBd59ckI+yqMaJADmk2y2T"
    "Wp+rFz5Pp8DJkzB8TEPifga0s3mXqQ9Hko3Wy5V9T+FMsmu4c0oD0BrOqMg0cP3Cl1Buzh"
    "AEEC7iCHp/qNwF8Rk36++nE15fPzA+hxGv0cjNoSyAGFVOxT+QdckURDKSU3GXw+amzLbc"
    "MXJwg4h2BylTlUha/IZuGt/nkoywwiy9vwlcdsDoq2D+oebcXkn0mZ9rJoSxDWYoq30QNt"
    "9EC9cG6jB+oAcq357nPiUXOs947DuiW+MZ63WuYZ50O74V81+bu4bmvyjvlOGSSI0ZrTfK"
    "IsIdJArmwrPy0HX6sKCIfNG4juVphe+UahZdP/fXdznbeviEWyIdLUFOj/yKb8MbrBBeAC"
    "GNBzfurTbJbTjIMGHbzeN+Xz8y/VbfhM"
)
