from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX IF EXISTS "notification_outbox";
        CREATE INDEX IF NOT EXISTS "notification_outbox" ON "notification" ("release_at", "date_sent") WHERE position IS NULL AND date_retracted IS NULL;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX IF EXISTS "notification_outbox";
        CREATE INDEX IF NOT EXISTS "notification_outbox" ON "notification" ("release_at", "date_sent") WHERE position IS NULL;"""


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
    "ueKew4HoXB5GgLCaR+Fq0VLSEg74gD6/v7y9nKqle4euP11doc71W6QeGAInQQmrWk+ZUc"
    "qRUDkUGGWVgSkxmDVzhjbtXo3gppcZYFCfP7zFYIu/9rzhaUAKh9h6yjVpfJ1N8+lT923u"
    "gVGz6vuy+AiE1mPWtP4x8B0zsArhSfDn5J/rijIoWPyD0I3gPJI8aaivPsfIiX5Z1WychN"
    "RCJk7W6VcHG3LD9k1iuStr3ySXzv2zb9ZCoTZk9aaQJj+0lFNBPO4PPdW0FwivI6hRUGFL"
    "40rur1VgTkvtIdbtUli3C7Buz2KtWH491Pm0dUpoL5DeNHctLUxSyVMQC+xDPNgWPAW4Ct"
    "hR+wbr6li7HmUeFZUcukmZvVhOMoRWGT4rn87KLtm75PeqzVTfBcdX1p4P2Z4qKk6IrUDB"
    "O7SU7Zp+04ReFRWnJRst11nLCUK0opbTko2W66zlLItfmubKsv97YG5ugB4I0214mvNTLp"
    "Gbktmus/rFEuAGBG77xcn5ycvjs5OYt41LiuhaDTXL3InBBlUcEAmRJZwQNZu0y7gckvMy"
    "cCxWgTMp0+CpOeekvG+VDzsp6WYTrfMmmvTgLqTrhGyj6TprOtqLtc6qIm9sRnAlDtltm0"
    "sbc8nOxEPNKmRWG++YR+jQ+UAmSiNdOXbsmLqUBtrsbruli7wbebLYww9x7EZ2GkoQLHkk"
    "FwqGW/nruO1e9IKIj3k3kpvrtc1t0VrfFr3xrLwsjkHVYXGcIoNGJUPgIZNiEMnnYk8g6i"
    "DsINVBEAoIgXakP0Ejgj2OKFzEZC41ke8IakMo3whzBAENlj5L4wr7XiKEXT20YphGUmY1"
    "7pHthiGlKIJXZaJ9X+VH+74KL2Hlh35FeUQr2xsZwcbeWDgEjPkeXUQBKbkG/0Xxv6fCHB"
    "GnMv5puQb/RfFX51MIahwueLZNyDb3Fet8tg2YCDAUFuMwIsmGwaiblmtznyg67Gmt8sRJ"
    "sMgu9xLNShjmWCDIVB7ZQ8ii4XVQKE1elgis6Qe5ZwRZUoj3g5pEJVuBNOc6w3ylfWvzr2"
    "QvS8V55Zs8LDXaLfPt95DJV6TLom6AqXAT91S7pVXj9MGLKho322ftdbzVA3ndfrzbOZGk"
    "bjhWu4KoEV3ldcT6/s7muK4LHCxZC2RpJ0v17KM1xXmus0Uz21IOl4vO3UXn7WVLu8Bs2q"
    "G1qyBn1lU9wNs676TyoWoPPdmMqUUnH55tWyJzQgTPLxzBdLEk5EiCSTzIJgm+hMBbcIgg"
    "KXY6iw5kmlQpdGiQchLe7aRLlbCOR2gPQ8mfhupy5hT0JVneHIdqdxwKtDOjgIKLkZHAHl"
    "6tWUuA6ZZyBdQO6e34iprDQc3Cgxprao+sqR627Zy030HVHPtJxI3K8cZ9YkKqbDZQRks6"
    "b6AsBJIX3twSJuUm8FrMKCu3NHugesR8Dx1wQtA3ObAjNYBvz3Ko5LU+TmtQQXuojLM8cL"
    "kRWw23XJ+lrciYirRX8hpJ1HyfNpeV3SZpEqOs2zANlpby0zVu38xXzXwtuEdWJgq9BlfJ"
    "dnApzrztrRr0sUgD+8Kw5wRSF6AeSTSgLwx67r2mItzzLzQ10JeHPszuqoPewd4kh0uYCm"
    "Wg70/CPEw7Bn4RjpDE5zDhOpYmyJvudef2d30eoKh90gf25vfeZUe/v1aEviBWo8G+Ava6"
    "CIpi3LWhEw3mhZjXJiowvtukpXaSN5+K2J3kTasqnrHgVRFsnE3CTbnK4O36fAQJtoGd8X"
    "lEz1AP3g0xIB5xTKJ9Y9squ4ds4V0B3rUJB64H+CHq9NnjIYL3dASpvpWB+XfEPHSg3sGq"
    "2CB+CD0+RG+NUy+zkAMKXXLP5D+QFAENpJQYQT7xaNTYZg756gQXj+BSkUowrsIYZbMwj8"
    "80pHECN4yaMMbdNjwKriFB5oyK6b6TMk16iMZRVIsp3kSRNVFk9cK5iSKrA8i19nt2iEfN"
    "kd46Duvm2MZ42mqeZZwP7YpffvZXMd2W5PzzjTLg8bXLab7XKiGyh36rtbyBFn5WFRAOm+"
    "8humvxCsonCq3n9V93N9d554pYJHtVhpoC/Q/ZlO+iGVwALoCRYn1mkp1n85pnDDTo4M22"
    "KZ+n/wOuxIB3"
)
