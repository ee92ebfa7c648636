from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX IF EXISTS "idx_notificatio_channel_0ebd71";
        DROP INDEX IF EXISTS "idx_notificatio_channel_7ba4cc";
        CREATE INDEX IF NOT EXISTS "notification_waiting" ON "notification" ("channel", "position", "release_at") WHERE position IS NULL AND date_retracted IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_placed" ON "notification" ("channel", "position") WHERE position IS NOT NULL;
        CREATE INDEX IF NOT EXISTS "notification_collapsing" ON "notification" ("channel", "collapse_key", "position") WHERE collapse_key IS NOT NULL;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX IF EXISTS "notification_collapsing";
        DROP INDEX IF EXISTS "notification_placed";
        DROP INDEX IF EXISTS "notification_waiting";
        CREATE INDEX IF NOT EXISTS "idx_notificatio_channel_7ba4cc" ON "notification" ("channel", "position");
        CREATE INDEX IF NOT EXISTS "idx_notificatio_channel_0ebd71" ON "notification" ("channel", "collapse_key", "position");"""


MODELS_STATE = (
    "eJztXW1v2zgS/iuEv2wK+ILWeWt7hwPcNN36mpdD4l53t12otETbRGTRlag6vl7/+3GoF1"
    "MyJUt+lb36EsQkh6KfocnhM8PRj8aYeXzgEu/40vc4GxG38Rr9aDh4RMQ/mtomauDxWK2D"
    "Io57thQw1XY9j7vY5KK8j22PiCKLeKZLx5wyB1p/GjLkEpPQ78RDDuO0T00Mld4xunMI4k"
    "PMEUYecSziIhiUh3qkz1yCsDNl0ILZFvI9xPqIckQ9NMIWQRPKh8gifezb3DuGsVjMFIOh"
    "zmC7j/Ud+s0nBmcDwocS289/imIqOn4SyIUfx49GnxLbSkBPLehAlht8OpZlb+ig4/B3si"
    "18qZ5hMtsfObP24ykfMicWoA6H0gFxiIs5sRRVOL5th1qLioLRigLu+iQepjUrCL+bKADp"
    "YASzsoZh3N51jYerrmE05pQdSSiKCItMAbyYKGKsnkRgAEP426tW6+TkovX85Pzl2enFxd"
    "nL5y9FWzne+aqLn8FgZnAFXUnQOr92brswICZmYzBNoeCnlMEcB1JSGzP4+9T1uCE/zanh"
    "cohdvRKSUilliC+5jDKigpk2Zr+mGPrGppQxwk+GTZwBH4qPL54/zwH6P+37y/ft+yPR6l"
    "kS7tuwqhXUAfIzpEfUsmxSGuqUWI11EaxtvMSkTgjVOBfBmYwwtctgHAscHL6ts9MC+IpW"
    "mfjKuiS+Y4FRqTkcCxwcvietAvCetDLRharUIsEG1Cm1QEQCBwfuhhZhZ+DjQck1eCazRZ"
    "SJs6VJfFZkEp9lT+KzNMicjojx35KrREJoizB/7F5uB+fzImvxefZSfD63Eo98gYXxKL6e"
    "N490lzxlnFZSYtvDWntwWQHfHDy7V7/JY8fI877ZKo5HN+3fJMSjaVhzfXf7a9Rcwf3y+u"
    "5NCu9vPiXc6LtsVGZiJ6WWQjs8Aq4O9ibmdZHlI3v1mFs8Arg4Kw9xIFMDrAEYmI7+o3LY"
    "hoIeNh8n2LWMRM1MEwl2RkOIhOLvPtwTWzbSwB+TWLdKZ/dssn86+RlNuqg0HGJi8kpma8"
    "xXRus+6GerC/EWYfL8Xtz5ylg9KJ0dKmDAbg7DlW8VrD4p/RwKTrCUsRbLWtzmq0atUboE"
    "O8K+t8Jnw5NixDoWGY0ZJ445/UCmDS1Bn2rTzKfp6ay18Rg2X8jWt5FLhBo8HhDkE+whbJ"
    "pkLNSHfEmVR5z5Lx4SvQpshgR5YqTwCeGBQAwNCPdm5UnyfY6o38oTNRz950bQqxGQ6oDQ"
    "n7vm7cOtqKbtc2n7hN6Kmm4JoR0fRTbCYrQKsRitHBajNcdihMtGUYzD5geIbuusiHEsWu"
    "UQnHMnkB6zpoY3xK2z8zIop8QOEO31Mxg+LUddRO0PAtxt0xdi4SaGWG/5POJvRRUQcHrU"
    "E4Ip6K1Q8jj6Zz2K2ObumaeHzs3VQ7d98++EMt62u1dQ00ooIio9Ok/9AOJO0KdO9z2Cj+"
    "iPu9urhmJnJtp1/2jAmLDPmeGwiYEtFcioOCoqc7jfrK18g91HT28iB1ULLONR3GihPQyh"
    "Ii6bBEan6IxCBfLHiDM0GVJziI6wYwVRIfLzs6T1iYb4O0E9Qhw0dn2HWE0E7e+JRT1hz4"
    "7F0MR8R6Jq3jLe8rPXHMfyMMK2/ZeJZDlpXZzHRjB8yDN7H27a19eL7dxAaVqKMu+wkRBb"
    "D8K7tg62eOxIuEgNAWVJJ2kkchCWwybMssrsImmmWLufaOjkvJ1FXX+LEi6qjFiWxYp/jI"
    "A/Yz4EKMbrfhCDKAp77Ol1TJEES7roAj2KrdqBraFHkIldlxILTQnXES4bfuIX54vzCbgc"
    "jh+JJ3pUn4dAfdAvhucKadYMdrCvLpFQeV9fh08O+2yisY1N0Tc81yXiwxQ+iB5sGzHYqs"
    "S/Lim4h/1ozCZIwxxixyF2aCDJb92A9uQJNkdPssZhFzpnhREMTM6A8HfekNLii8AH9On9"
    "1f3VDNDOAxK/SnT78fq6IZca/VDEemLjsUci1m6poYWdgM4XDE99XNEhxkNqgi/CJliIY1"
    "5qgBMselg8ugR4YlSoffsWyYNCOF/EXAir5gasjKypni7KDDOY/pscpRgJFUMpi58UKwDg"
    "rHtVubMBBvXZw1sOtvhrLxqeBqR4/mXam77O4Pz4sfM28zSv2ZJ9UXwMQpuxORv/6PuOGZ"
    "js8CT4c/rPxvbPlkFcTXBYVI+B8qsvsECVn3kJA1SRWsr+THtkq2Dgb9n4VNbaosanujwf"
    "nvG5EX679iRsC2nyXcsH5gRLf9fzgAeB8CYiTjnltrB8xf5aBuak1AFi3SqEdSsH69Y81t"
    "IFo4c626eQEDoIpLftWBAWJinlxokFDiFYbwduHFwG7Kh9jXV5rMcuZS7lpbztqsxBLCcp"
    "trEI2ZjNNaaX7H1ySlZmqu+DVzJtz4dsTxkVK2JrUPAeLWX7pt8koVdGxUnJWstV1rJCiJ"
    "bUclKy1nKVtZz2chSmudLekQMwN7dAD4S5UFzN+SmTyE3I7DaS4MUK4AYEbuvF6cXpy5Pz"
    "05i3jUvy6FoNNcvGU4P1yzggFJEVnBAVm7SruBzUeRl4fcvAqcrUeGrOOQnvW+nDTkK63k"
    "SrvImqHtyldK3I1pqusqajvVjrrMrzxqYE1+KQ3bW5tDWX7Fyw2rxC5rXxjrmEDpwPZCo1"
    "0hFjx46pyzehTb23X7rIui4pil08iWM30tNQgGCJIzmXMNyLX8d957IbRHwsui5e332ur/"
    "JW+irvnWtlpdgMqpr5QaQMGhW8nwBpLoMwyzF2OaIOwg6SHQRxmhAFSXpTNCTY9RCFW7Js"
    "TE3kO5zaEGc5xB6CgAZLn0JzjX2vcL9APrRkmIYqsx73yG7DkBIUwasiodivskOxX4U35L"
    "JDv6Ikr6XtjZRgbW8sHQLGfJcuo4CEXI3/svg/Um4OiVMa/6Rcjf+y+MvzKQQ1DpY82yqy"
    "9WXSKp9tAyYCDIXlOIxIsmYwqqblylz2ig57WqtcOQnm2eWu0qyAYY45gjTykT2ELBre1Y"
    "VS9bJEYE1PxJ4RpLAh7ndqEpkJB3LQ6wzztfatTY6TvskWJ/2vk+RUaLfMtt9DJl+SLsu6"
    "AWbCddxT5ZZWjdMHL6toXG+fldfxTg/kVfvx7uZEkrjhWO4KokZ0ndcRq/s7W+C6znGwpC"
    "2QlZ0s5VPDVhTnhc4WzWxLOFwu2w+X7bdXDe0Cs22H1r6CnFpX9QDv6ryTSFarPfSk09nm"
    "nXy8dNsCaS0ieH7xEEwXS0COBJjEhVSf4EsIvAVNBBnLkymOIA2ozG9Eg3yg8OItXR6LTT"
    "xCexhSfxqyy7lT0Ge1vD4OVe44FGhnTgE5FyMjgQO8WrORANMd5QqoHNK78RXVh4OKhQfV"
    "1tQBWVNdbNsZOdmDqgX2E48bFeONe8SEPOasL42WZFJHUQgkL7xWJ8yYTuCdpVHKdGH2QP"
    "WQ+S468ghBX8XAjuUAvj7LoJI3+jitQQXtoTLO8uCJjdiqueXqLG15xlSkvYLXSKLmh7S5"
    "rO02SZ0YZdOGabC0FJ+ucft6vmrma849siJR6BW4SraHS3HqVXzloI9FatiXhj0jkDoH9U"
    "iiBn1p0DPvNeXhnn2hqYa+OPRh6l0d9A52pxlcwkwoBX1vGuZh2jPw83CEJD5NxXUsTJA3"
    "ndv2/e/6PEBRe9UH9ub37lVbv7+WhD4nVqPGvgT2ugiKfNy1oRM15rmYVyYqML7bpKV21J"
    "tPeeyOetOqjGcseI8HG6UzpFNPplcf+94Qsp8DO+N7ET1DXXhxR5+4xDGJ9nV66+weUrl3"
    "OHjXph5wPcAPUafHnpoIXqIS5GGXBubfEXPRkXxBrmSDvCb0OIle6SffNCIGFLrknol/IC"
    "kC6gspPoRk79Gosc0c8sUJLh7BpSKZZF2GMYpmYR6fWUjjFG4Y1WGM+2145FxDgswZJdN9"
    "qzJ1eojaUVSJKV5HkdVRZNXCuY4iqwLIlfZ7tolLzaHeOg7rFtjGeNZqkWWcDe2a30z3Vz"
    "HdVuT8s40y4PG1y2m210oROUC/1UZeDww/qxIIh80PEN2NeAXFE7nW8/qvh7vbrHNFLJK+"
    "KkNNjv6HbOrtoxmcAy6AkWB95pKdp/Oapww06ODNrimfn/8HU7gD9g=="
)
