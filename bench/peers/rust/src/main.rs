//! The peers in Rust: crossbeam and rayon, asked by the benches in C; see program.h. `bench-rust QUESTION WORD...`
mod pool;
mod queue;
mod work;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let figures = match words.as_slice() {
        ["queue-alone", _, room, another, items] => {
            queue::alone(work::number(room), work::number(another) > 0, work::number(items) as u64)
        }
        ["queue-flow", kind, room, producers, consumers, items] => queue::flow(
            kind == &"rendezvous",
            work::number(room),
            work::number(producers),
            work::number(consumers),
            work::number(items) as u64,
        ),
        ["queue-lone", _, _room, gap_us, items] => {
            queue::lone(work::number(gap_us) as u64, work::number(items))
        }
        ["queue-ping-pong", _, place, ms] => {
            queue::ping_pong(work::Place::from(place), work::number(ms) as u64)
        }
        ["queue-wake", _, place, gap_us, wakes] => queue::wake(
            work::Place::from(place),
            work::number(gap_us) as u64,
            work::number(wakes),
        ),
        ["pool-wake", _, place, workers, gap_us, wakes] => pool::wake(
            work::Place::from(place),
            work::number(workers),
            work::number(gap_us) as u64,
            work::number(wakes),
        ),
        ["pool-run", _, workers, tasks, waves, rounds] => pool::run(
            work::number(workers),
            work::number(tasks),
            work::number(waves),
            work::number(rounds) as u64,
        ),
        ["pool-results", _, workers, batch, batches] => {
            pool::results(work::number(workers), work::number(batch), work::number(batches))
        }
        ["fib", _, workers, n, tasks] => {
            pool::fib(work::number(workers), work::number(n) as i64, work::number(tasks))
        }
        ["map", _, workers, items, times, rounds] => pool::map(
            work::number(workers),
            work::number(items),
            work::number(times),
            work::number(rounds) as u64,
        ),
        _ => panic!("no such question: {words:?}"),
    };
    let line: Vec<String> = figures.iter().map(|figure| format!("{figure:.3}")).collect();
    println!("{}", line.join(" "));
}
