from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
        DROP INDEX IF EXISTS "notification_outbox";
        CREATE INDEX IF NOT EXISTS "notification_outbox" ON "notification" ("release_at", "date_sent") WHERE position IS NULL AND date_retracted IS NULL;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
        DROP INDEX IF EXISTS "notification_outbox";
        CREATE INDEX IF NOT EXISTS "notification_outbox" ON "notification" ("release_at", "date_sent") WHERE position IS NULL;"""


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
    "zZUrljkYiM6xYfgIq3kUrBMdJS3hgA/o8/vz6/NYLf0bdPnp4gL1Lt8i9cAAOAlKUNV5yI"
    "xSjoTKocAoqwxMicGseWRocfdqBFeDzAD9+vzhLQdb9LUfG54GpGCInYdcY8bTWTOfPvXf"
    "5h4SNeu9J4sPQGg9Bk3nHyPPMX17EJ4Ef47+ua5YgoJl3w/Q8M8gydOF+uqPmDfhL6uadZ"
    "OQWsq4yTr36mA9btiySSx3ZS2b5NLZPMtmLbRpS1BvCmnyQ0szFUTd/tDTS41AeB2hi4IK"
    "WxpXcn+tAnNaqoFYd0th3S3AuruItWL29VDnU9UpoUYgvWm+WlqYpJJ3IBJoQtTXFrwDuA"
    "rYYfsW6+pYz1zKXCoqOXGTMo1YTjJUVhkmK5/Iyi7Zu+Trqs1U3wVnV9aeD9ieKipOiK1A"
    "wTu0lO2aftOEXhUVpyVbLddZywlCtKKW05Ktluus5SyLX5rmyrL/DTA3N0APBEk1XM35KZ"
    "fITcls10394gng+gRu98XR6dHLw5OjiLeNSoroWg01y2Zzg42qOCASIk9wQtRs0j7F5ZCc"
    "l75jsQqcSZkWT805J+V9q3zYSUm3m2idN9GkB3cpXSdkW03XWdPhXqx1VhV5YzOCK3HIbt"
    "tc2phLdiESalEhi9p4x1xCx84HMlca6cuxY8fUJi5YzN+2W5rIu30ni118F0VuZCehhMCS"
    "B3KhQLiWv43r/tnAj/d47NZxe4lWj3h7K3Trt0KvXEufn9Gv2C+KTWTQpGTAO+RI9KP3Zt"
    "gViDoIO0h14If/QXAdGc7RhGCXIwoXLtmMmshzBLUhfG+COYIgBkuff3GFfT8hYF09tGJo"
    "RlJmNS6R7YYepWiBV2Vie1/lx/a+Ci5b5Yd7hRlCK9sYGcHWxlg67It5Ll1GASm5Fv9l8b"
    "+lwpwQpzL+abkW/2XxV2dSCGQcL3meTci29xLrfJ712QcwFJbjLULJlrWom5ZrcnsoPOJp"
    "7PHE6S/fIncTjUqY5FggyD4eWkLIosG1TyhNXo3w7eg7uVv4eVCI+4OaRKVTgdTlOpN8pX"
    "1rM6xkr0ZFueLbTCs12ifzLfeAt1cky7KkfyzcRjnVblHVuHjwsorG7cZZex1v9Shetx/v"
    "ds4iqfuM1S4cakRXefmwvr+zRxzVBe6UrAXyRJdK9YyiNUX5UdeKZq6l3CtnvZuz3tvzjn"
    "Z52azzalchzqypeni3c8pJ5TjVHHWyOVDzzzs827JEdoQQmF84gmliSbCRhJG4kCUSfAe+"
    "d2AfQXrrdI4cyCCpEuRQP5UkvKVJlw5hHY/QHoGSPwnV5cLZ50uyvD0E1e4Q5GtnQQEFlx"
    "9DgQZen1lLEOmW8gHUDunt+IbaI0HNQoBaK6ohVtQA27Y2jbdfUWg3iahJOZZ4SExIfc1G"
    "ylhJZwOUhUDpwrtXgiTbBF5sGWbZluYOVE+Y56I9Tgj6Jod1oAbw7VkOcbzWx2kNKWgPlV"
    "EGBy43YKtlkuuzpBUZUaH2Sl4RCZs3aVNZ2U2RNunJug1Sf2kpP12j9u181czXgjtiZSLM"
    "a3BNbAeX4sz72qpBH4m0sC8Ne06gdAHqoUQL+tKg595ZKsI9/7JSC3156IPMrTroHezOcz"
    "iEWCgD/XAe5FjaMfCLcIQEPfsJR7E0Qd70L3vXv+tz/ITtkx6vN78Pznv6/bUi9AWRGS32"
    "FbDXxUsU464NlGgxL8S8JtF/0d0lDamTvNeUz+sk71BV8YX5r35g02xqbcpVXu6ZxyeQNh"
    "t4GY+HxAx14V0PI+ISxyTad6+tsnvIAd4X4E+bc2B5gBmizpDd7yN474afwFuZln9HzEV7"
    "6v2pigfi+9DjXfj+N/VyCjmgwAn3TP4DqQ7QSEqJCWQJD0eNbeaQr45/tQiuDam04SpcUT"
    "YLsvPEoYtzuEPUhivutslRcNEI8mFUTOKdlGmTPrSuoVpM8TZarI0WqxPKbbTY9iGusZ+z"
    "R1xqTnQ2cVBTaBHjuM1j9nA+qCt+hdlfxWB7Isefb4oBb69dRPO9VAmRBvqp1vIGWfhRVU"
    "A4aN5AdNfiBZRPFFpP679uri7zThORSPYiDDUF+h+yKd9F47cAXAAjxfIsJC7P5ijPmGXQ"
    "wZttUzwP/wfrQVrl"
)
