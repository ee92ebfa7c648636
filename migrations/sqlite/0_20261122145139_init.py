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
CREATE TABLE IF NOT EXISTS "history" (
    "id" SMALLINT NOT NULL PRIMARY KEY,
    "pruned_to" BIGINT NOT NULL
) /* One row: the position up to which (and with which) notifications have been pruned. */;
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
        """


MODELS_STATE = (
    "eJztXG1v2zYQ/iuEvzQFsiBVYicrhgGuk7Ze8zIk7lq0KARaom0iMqWKVByvy38fqfcXSp"
    "ZSS3ZUfymqI4+inyNPdw+P+dGh3w3M0MHAocycI7vzGvzoEDhH/D+Ztn3QgZYVtQgBg2PD"
    "7azFe40ps6HGuHwCDYq4SEdUs7HFsElE708zE9hIQ/geUUBMhidYg6KRHoBrggCbQQYgoI"
    "joyAZiQhSM0cS0EYBkaYoepqEDhwJzAjADmII51BFYYDYDOppAx2D0QMxFNzU+GUymzb7W"
    "Ifi7g1RmThGbubh+/cbFmA/8gGjwaN2pE4wMPQE71sUArlxlS8uVvcHTIWFv3b7iR41VzT"
    "ScOYn6W0s2M0mogAkT0ikiyIYM6TFTEMcwfKsFIm+2XMBsB4XT1COB/9u4QGh7M4hkHVW9"
    "uh6pt+cjVe1kjB1oxAzhizQOPF8ofK7URWAqpvDb74pydHSiHB71TrvHJyfd08NT3tedb7"
    "bp5NGbTASXN5QL2vDd8GokJmTy1egtUyF4dHUgg56Wa40I/gm2KVPdp4wZBjNoy42Q1EoZ"
    "g//IpxgjEETWiHZTCH2nLmPM4YNqIDJlM/746vCwAOh/+jeD9/2bPd7rZRLuK79J8doE8h"
    "HSc6zrBqoMdUpth3UZrA34hEWdUNrhXAZnNIfYqIJxqNA6fJXucQl8ea9cfN22JL4Wx6jS"
    "Gg4VWofvkVIC3iMlF13RlHIS5hSTSg4iUGgduDU5YTJ14LSiD450GkQZkYYWcbfMIu7mL+"
    "JuGmSG50j9t6KXSCg1CPPH0aAZnHtlfHEv3xX3XE8scpbJXSxsFoIx1O4W0NbVREtkkESe"
    "JUltfPW3H26Q4XaS2cBLRa9iQ92YixJm8fOXSlapMcV5DBZeIPWnmFjBboZqsZ/E6sYbpa"
    "6lu2mQqDMOB/9JpG5jQ7UJLrE5TcXM267ZprkyT0sg4d8e3X+3eJOP2XtMmWkvOxK+KGja"
    "L6KLZrFOK9kiQc3Y5oL/rBkClkmxaACOBZgJFjOszcAeJLrHwrjPL5PkDpjBewTGCBFg2Q"
    "5BepYZqucVa2aBbufQMH4ZHuhIOemFzI94KOJ6bi/7FxeryR3PNtwg1Si2hNp6EN6w02iO"
    "a6sQM9TpsIY6mlsmQ0RbfkBSv5XqUei+cNRXvUMl3Vgf2IgbnzKPZ15ACqCmIYsvGuC4jH"
    "NAPb+ggI/qOSPKZymeAJxy6wHuSWgkT3LYGa/WyBslTu5rxxtV9XySQOjbpulv34Ntu9fb"
    "MPudsFvZ7Cmh1Fz2VKcxkmSAUooMUArIACVDBvhuoyzGfvcWoqt0y3AAvFcBT5hhAcamvl"
    "TpDCrdXhWUU2otRHs9REAcagfrkgRshB5yHHbQvxXgFoA5Ov/sut855QFEHMS9y/5nF9/5"
    "0m+5uL56F3SPgT64uH6TAps7bqRyf8uyiJ/xJsFjyVFPKKag133Ng+A/6zFEk1/PIjsML8"
    "9vR/3LvxPGOOuPzkWLkjBEIN3rpTZAOAj4NBy9B+IRfLm+OnfRNCmb2u4bo36jLx0xJ+gw"
    "UyXmQoV6HMhAHIi2JUpOE2ySMFnCweXHyfFosWyQHNfhYSnPyg/AJ553m46ozQhzc6/8gg"
    "vH5sPrMKzdByJN50OAOw4vEen7GAEN2jbmMe8SMVmQ3MAbVzMBXzvaDBKCDH9Jue/s8E6J"
    "Br6hDWhRFGQdUcfcgNqRBXMfPw7Pct2zxEU4XHwglOphEzp/TByieZyLeJP45/jPuqjxAm"
    "fhnTd4uz++r92fvoJbCExRKX2Jaz2JWUgz3L9MEhMhH9sfZQO9+F5rQxzSQMKySw2bQhrd"
    "SwO8giKSe3lg1wqE6ziJZ5gZ/GvMc5Rqp8RxrRZirZTCWinAWsli7ebUcqjzk8SEUiuQbj"
    "pT5BEpqpSXhwpPgns7D9qbzMthFbCD/jusq2Nt2di0MatEn8Z1WuFOUqxeGVIvn9NLu+zn"
    "xDJtzVJ/DjRTOp5XYWUTx9TWYOBn5Mqem33Rg4X5cE8wcVJzZ+VttnKaECxNgKSJxBYEIg"
    "0kjv7tQTkNUsTzpRTXQvVtGu7N1RBlDZK1xlvTRnhKPqCla5EhnzskmrTCO3vR9XlZIq8E"
    "lIttuAjPBNKLkEOgIwMxF4Qb7opuhgMOd5mi7l2NshzxWotuA7gkp3IxJPNP4+xYpxJXtC"
    "ED4spzcLMb6NgvgBXS+JmZdwS2mCHi1Ykh+x5ryC03E/elZfew1zq2tAItffQYXlDfVaJt"
    "jV/fLzhOc1NJ32FJDFEiD40r73LRrY5ifXvBpxoarsvI2/lhb4WNAwdcOXROKe7q7598UB"
    "7/JkrNkF8WIlFdZ4nI9u6zFRUhBalJOgL5yfSk+uXHLUV5ZZoiWWuJVGXQvx30z847UvfS"
    "bCL4XCFO+VQ5vJupQUxcx5SkOunrmvn5Dk33LFF9GADzggKxTHQONuAwIlvcosEEQJ52WF"
    "jbBxPbnCdvC4obNu5VQexdtRF/GkpWbljHK6QpUHxLuEPucp9t+i7n5z6esTIGKKhMCRRa"
    "eLZZC4+7oWLNrUN6M/Wau0xgy1j0XfDUkuCpj2weHsjCJr+lMGCCUZ9VoVI+qGv+owe/Ss"
    "ihvDo+OT496h2H+z6UFG331cHEPbKp9EuXH07EVFoYUNRy4VRsqgoI+91biG4t4Rp/I5OW"
    "o/11e32VV+AQqqR5Yawx8B8wMH2O8UIBuAKMBBucqbZMF1buJzktMcCbTf/Njsf/AaiyCK"
    "I="
)
