"""Keeps and drops buffers as a small service does; its first and last block have sizes by which its own part is found."""
import random
import threading

random.seed(7)


def handle(table, at):
    size = random.choice((700, 1500, 9000, 40000))
    table[at % 200] = bytearray(size)


def work(table, rounds):
    for at in range(rounds):
        handle(table, random.randrange(1000))


def main():
    first = bytearray(1234567)
    table = [None] * 200
    work(table, 700)
    kept = [bytearray(120000) for _ in range(180)]
    del kept[::2]
    thread = threading.Thread(target=work, args=(table, 200))
    thread.start()
    thread.join()
    last = bytearray(2345678)
    del last, first


main()
