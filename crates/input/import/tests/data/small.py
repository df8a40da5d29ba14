"""Makes and drops small objects; its first and last block have sizes by which its own part is found."""


def make(count):
    return [[at] * (at % 50) for at in range(count)]


def main():
    first = bytearray(1234567)
    kept = make(600)
    del kept[::2]
    kept += make(100)
    last = bytearray(2345678)
    del last, first


main()
