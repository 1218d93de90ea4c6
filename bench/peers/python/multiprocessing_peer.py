#!/usr/bin/python3
"""Python's multiprocessing as a peer of bench-process: asked for one run, it takes its own time and prints it.

    tasks apply|apply_async|map WORKERS BATCH BATCHES PAUSE_US   nanoseconds per task
    flow queue ROOM PRODUCERS CONSUMERS ITEMS                    nanoseconds per item, CPU nanoseconds per item
    ping-pong queue|pipe PLACE MILLISECONDS                      nanoseconds per round trip
    messages queue|pipe SIZE COUNT                               nanoseconds per message
    start STARTS BYTES                                           nanoseconds for a start and a join

Processes are forked, which is the fastest of its start methods.
"""

import multiprocessing
import os
import sys
import time
from statistics import median

processes = multiprocessing.get_context("fork")
WARM_UP = 50
UNTIL_CLOCK = 50
ONE_CPU_EACH, ONE_CPU = 1, 2  # the places of bench/place.h


def successor(number):
    return number + 1


def nothing():
    pass


# ---- tasks ----

def apply(pool, batch):
    return sum(pool.apply(successor, (i,)) for i in range(batch))


def apply_async(pool, batch):
    return sum(result.get() for result in [pool.apply_async(successor, (i,)) for i in range(batch)])


def one_by_one(pool, batch):
    return sum(pool.map(successor, range(batch), chunksize=1))


VERBS = {"apply": apply, "apply_async": apply_async, "map": one_by_one}


def take(pool, verb, batch):
    if verb(pool, batch) != batch * (batch + 1) // 2:
        sys.exit("a wrong result")


def tasks(name, workers, batch, batches, pause_us):
    verb = VERBS[name]
    with processes.Pool(workers) as pool:
        for _ in range(batches // 10 + 1):
            take(pool, verb, batch)
        if pause_us:
            return [median(time_after_pause(pool, verb, batch, pause_us) for _ in range(batches))]
        start = time.perf_counter_ns()
        for _ in range(batches):
            take(pool, verb, batch)
        return [(time.perf_counter_ns() - start) / (batch * batches)]


def time_after_pause(pool, verb, batch, pause_us):
    time.sleep(pause_us / 1e6)
    start = time.perf_counter_ns()
    take(pool, verb, batch)
    return time.perf_counter_ns() - start


# ---- flow ----

def produce(queue, ready, items, cpu):
    ready.wait()
    start = time.process_time_ns()
    for item in items:
        queue.put(item)
    queue.close()
    queue.join_thread()
    cpu.value = time.process_time_ns() - start


def consume(queue, ready, total, cpu):
    ready.wait()
    start = time.process_time_ns()
    total.value = sum(iter(queue.get, None))
    cpu.value = time.process_time_ns() - start


def flow(_, room, producers, consumers, items):
    queue = processes.Queue(room)
    ready = processes.Barrier(producers + consumers + 1)
    totals = [processes.RawValue("q", 0) for _ in range(consumers)]
    used = [processes.RawValue("q", 0) for _ in range(producers + consumers)]
    getters = [processes.Process(target=consume, args=(queue, ready, total, cpu))
               for total, cpu in zip(totals, used)]
    putters = [processes.Process(target=produce, args=(
        queue, ready, range(1 + items * i // producers, 1 + items * (i + 1) // producers), cpu))
        for i, cpu in enumerate(used[consumers:])]
    for process in getters + putters:
        process.start()
    ready.wait()
    start = time.perf_counter_ns()
    for process in putters:
        process.join()
    for _ in getters:
        queue.put(None)
    for process in getters:
        process.join()
    took = time.perf_counter_ns() - start
    if sum(total.value for total in totals) != items * (items + 1) // 2:
        sys.exit("a queue lost or doubled items")
    return [took / items, sum(cpu.value for cpu in used) / items]


# ---- ping-pong ----

def stay_on(index):
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[index]})


class QueuePair:
    """Two queues with room for one."""

    def __init__(self):
        self.asks, self.answers = processes.Queue(1), processes.Queue(1)

    def ask(self, item):
        self.asks.put(item)
        return self.answers.get()

    def serve(self):
        for item in iter(self.asks.get, None):
            self.answers.put(item)

    def end(self):
        self.asks.put(None)


class PipePair:
    """The two ends of a pipe that goes both ways."""

    def __init__(self):
        self.here, self.there = processes.Pipe()

    def ask(self, item):
        self.here.send(item)
        return self.here.recv()

    def serve(self):
        for item in iter(self.there.recv, None):
            self.there.send(item)

    def end(self):
        self.here.send(None)


def partner(pair, place, here):
    if place == ONE_CPU_EACH:
        os.sched_setaffinity(0, here)
        stay_on(1)
    pair.serve()


def ping_pong(kind, place, milliseconds):
    everywhere = os.sched_getaffinity(0)
    if place in (ONE_CPU_EACH, ONE_CPU):
        stay_on(0)
    pair = {"queue": QueuePair, "pipe": PipePair}[kind]()
    other = processes.Process(target=partner, args=(pair, place, everywhere))
    other.start()
    for i in range(WARM_UP):
        pair.ask(i)
    rounds = 0
    start = time.perf_counter_ns()
    while time.perf_counter_ns() - start < milliseconds * 1_000_000:
        for i in range(UNTIL_CLOCK):
            pair.ask(i)
        rounds += UNTIL_CLOCK
    took = time.perf_counter_ns() - start
    pair.end()
    other.join()
    return [took / rounds]


# ---- messages ----

def send_all(put, message, count):
    for _ in range(count):
        put(message)


def messages(kind, size, count):
    message = b"x" * size
    if kind == "queue":
        queue = processes.Queue(4)
        put, get = queue.put, queue.get
    else:
        there, here = processes.Pipe(duplex=False)
        put, get = here.send_bytes, there.recv_bytes
    sender = processes.Process(target=send_all, args=(put, message, count + 1))
    sender.start()
    get()
    start = time.perf_counter_ns()
    for _ in range(count):
        if len(get()) != size:
            sys.exit("a message of another size")
    took = time.perf_counter_ns() - start
    sender.join()
    return [took / count]


# ---- processes ----

def start(starts, size):
    held = bytearray(size)
    held[::4096] = b"x" * len(held[::4096])
    begin = time.perf_counter_ns()
    for _ in range(starts):
        process = processes.Process(target=nothing)
        process.start()
        process.join()
    return [(time.perf_counter_ns() - begin) / starts]


QUESTIONS = {"tasks": tasks, "flow": flow, "ping-pong": ping_pong, "messages": messages, "start": start}


def main():
    question, *words = sys.argv[1:]
    arguments = [int(word) if word.isdigit() else word for word in words]
    print(*QUESTIONS[question](*arguments))


main()
