//! crossbeam's channels; the shapes are explained in queue_alone.c, queue_flow.c, queue_lone.c and wake.c.
use crate::work::{now, pause_ms, quantile, time_wakes, Place, Span};
use crossbeam_channel::{bounded, unbounded, Receiver, Sender};
use std::sync::{Arc, Barrier};
use std::thread;

fn make(room: usize) -> (Sender<u64>, Receiver<u64>) {
    if room > 0 {
        bounded(room)
    } else {
        unbounded()
    }
}

fn put_and_get(sender: &Sender<u64>, receiver: &Receiver<u64>, items: u64) -> u64 {
    let mut sum = 0;
    for item in 1..=items {
        sender.send(item).unwrap();
        sum += receiver.recv().unwrap();
    }
    sum
}

pub fn alone(room: usize, another: bool, items: u64) -> Vec<f64> {
    if another {
        thread::spawn(|| loop {
            pause_ms(1000)
        });
    }
    let (sender, receiver) = make(room);
    put_and_get(&sender, &receiver, items / 10 + 1);
    let span = Span::start();
    assert_eq!(put_and_get(&sender, &receiver, items), items * (items + 1) / 2);
    span.end(items as f64)
}

pub fn flow(rendezvous: bool, room: usize, producers: usize, consumers: usize, items: u64) -> Vec<f64> {
    let (sender, receiver) = if rendezvous { bounded(0) } else { make(room) };
    let start = Arc::new(Barrier::new(producers + consumers + 1));
    let getters: Vec<_> = (0..consumers)
        .map(|_| {
            let (receiver, start) = (receiver.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                receiver.iter().sum::<u64>()
            })
        })
        .collect();
    for i in 0..producers as u64 {
        let (sender, start) = (sender.clone(), start.clone());
        let part = |i: u64| 1 + items * i / producers as u64;
        let range = part(i)..part(i + 1);
        thread::spawn(move || {
            start.wait();
            range.for_each(|item| sender.send(item).unwrap());
        });
    }
    drop(sender); // the last producer to end tells the consumers
    pause_ms(2);
    let span = Span::start();
    start.wait();
    let sum: u64 = getters.into_iter().map(|getter| getter.join().unwrap()).sum();
    let figures = span.end(items as f64);
    assert_eq!(sum, items * (items + 1) / 2);
    figures
}

pub fn lone(gap_us: u64, items: usize) -> Vec<f64> {
    let (sender, receiver) = unbounded::<u64>();
    let place = Place::from("1");
    place.first();
    let getter = thread::spawn(move || {
        place.second();
        let mut delays = Vec::with_capacity(items);
        receiver.iter().for_each(|put| delays.push(now() - put));
        delays
    });
    pause_ms(2);
    let span = Span::start();
    let mut next = now();
    for _ in 0..items {
        next += gap_us * 1000;
        while now() < next {}
        sender.send(now()).unwrap();
    }
    drop(sender);
    let mut delays = getter.join().unwrap();
    let both = span.end(items as f64);
    delays.sort_unstable();
    vec![quantile(&delays, 0.99), quantile(&delays, 0.5), (both[1] - both[0]).max(0.0)]
}

pub fn ping_pong(place: Place, ms: u64) -> Vec<f64> {
    let (ask, asked) = bounded(1);
    let (answer, answered) = bounded(1);
    place.first();
    thread::spawn(move || asked.iter().for_each(|item: u64| answer.send(item).unwrap()));
    place.second();
    let play = |rounds: u64| {
        for i in 0..rounds {
            ask.send(i).unwrap();
            assert_eq!(answered.recv().unwrap(), i);
        }
    };
    play(200);
    let span = Span::start();
    let end = now() + ms * 1_000_000;
    let mut rounds = 0;
    while now() < end {
        play(50);
        rounds += 50;
    }
    span.end(rounds as f64)
}

pub fn wake(place: Place, gap_us: u64, wakes: usize) -> Vec<f64> {
    let (sender, receiver) = bounded(1);
    place.first();
    thread::spawn(move || receiver.iter().sum::<u64>());
    place.second();
    time_wakes(gap_us, wakes, || sender.send(1).unwrap())
}
