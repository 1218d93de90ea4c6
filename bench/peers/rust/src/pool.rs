//! rayon's pool; the shapes are explained in pool.c, future.c, fork.c, map.c and wake.c.
use crate::work::{burn, time_wakes, Place, Span};
use crossbeam_channel::bounded;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

fn start(workers: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(workers).build().unwrap()
}

fn run_many(pool: &ThreadPool, tasks: usize, rounds: u64) {
    pool.in_place_scope(|scope| {
        for _ in 0..tasks {
            scope.spawn(move |_| burn(rounds));
        }
    });
}

pub fn run(workers: usize, tasks: usize, waves: usize, rounds: u64) -> Vec<f64> {
    let pool = start(workers);
    run_many(&pool, tasks, rounds);
    let span = Span::start();
    (0..waves).for_each(|_| run_many(&pool, tasks, rounds));
    span.end((tasks * waves) as f64)
}

/// rayon has no futures: each task gets a channel with room for its result.
fn take_results(pool: &ThreadPool, tasks: usize) -> i64 {
    let submit = |number: i64| {
        let (sender, receiver) = bounded(1);
        pool.spawn(move || sender.send(number + 1).unwrap());
        receiver
    };
    let receivers: Vec<_> = (0..tasks as i64).map(submit).collect();
    receivers.iter().map(|receiver| receiver.recv().unwrap()).sum()
}

pub fn results(workers: usize, batch: usize, batches: usize) -> Vec<f64> {
    let pool = start(workers);
    let expected = (batch * (batch + 1) / 2) as i64;
    let take = |count| (0..count).for_each(|_| assert_eq!(take_results(&pool, batch), expected));
    take(batches / 10 + 1);
    let span = Span::start();
    take(batches);
    span.end((batch * batches) as f64)
}

fn fib_of(n: i64) -> i64 {
    if n < 2 {
        return n;
    }
    let (left, right) = rayon::join(|| fib_of(n - 1), || fib_of(n - 2));
    left + right
}

pub fn fib(workers: usize, n: i64, tasks: usize) -> Vec<f64> {
    let pool = start(workers);
    pool.install(|| fib_of(n / 2));
    let span = Span::start();
    pool.install(|| fib_of(n));
    span.end(tasks as f64)
}

fn map_once(pool: &ThreadPool, input: &[i64], output: &mut [i64], rounds: u64) {
    pool.install(|| {
        if rounds > 0 {
            (0..input.len()).into_par_iter().for_each(|_| burn(rounds));
        } else {
            output.par_iter_mut().zip(input.par_iter()).for_each(|(out, item)| *out = 2 * item + 1);
        }
    });
}

pub fn map(workers: usize, items: usize, times: usize, rounds: u64) -> Vec<f64> {
    let pool = start(workers);
    let input: Vec<i64> = (0..items as i64).collect();
    let mut output = vec![1; items];
    map_once(&pool, &input, &mut output, rounds);
    let span = Span::start();
    (0..times).for_each(|_| map_once(&pool, &input, &mut output, rounds));
    let figures = span.end((items * times) as f64);
    assert!(rounds > 0 || output.iter().zip(&input).all(|(out, item)| *out == 2 * item + 1));
    figures
}

pub fn wake(place: Place, workers: usize, gap_us: u64, wakes: usize) -> Vec<f64> {
    place.first();
    let pool = start(workers);
    run_many(&pool, wakes, 0);
    place.second();
    time_wakes(gap_us, wakes, || pool.spawn(|| ()))
}
