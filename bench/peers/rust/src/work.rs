//! Clocks and numbers; the same as work.h.

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Nanoseconds of the monotonic clock.
pub fn now() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

/// What passes between two moments, on the wall and of the process's CPU time.
pub struct Span {
    wall: u64,
    cpu: u64,
}

impl Span {
    pub fn start() -> Span {
        Span { wall: now(), cpu: read(libc::CLOCK_PROCESS_CPUTIME_ID) }
    }

    /// Nanoseconds on the wall and of CPU time, for each of so many things.
    pub fn end(&self, things: f64) -> Vec<f64> {
        let wall = (now() - self.wall) as f64 / things;
        let cpu = (read(libc::CLOCK_PROCESS_CPUTIME_ID) - self.cpu) as f64 / things;
        vec![wall, cpu]
    }
}

/// On which CPUs the threads of a run are; see place.h. The process of a run on one CPU has been confined already.
pub struct Place {
    one_each: bool,
    allowed: libc::cpu_set_t,
}

impl Place {
    pub fn from(word: &str) -> Place {
        Place { one_each: number(word) == 1, allowed: allowed_cpus() }
    }

    /// A run's first deed: threads started later stay there, too.
    pub fn first(&self) {
        if self.one_each {
            stay_on(&self.allowed, 0);
        }
    }

    /// The calling thread has started its partner, and moves away from it.
    pub fn second(&self) {
        if self.one_each {
            stay_on(&self.allowed, 1);
        }
    }
}

/// How long the calls of `wake` take, each after a pause in which those that it wakes fall asleep: the median and what
/// one in ten exceeds.
pub fn time_wakes(gap_us: u64, wakes: usize, wake: impl Fn()) -> Vec<f64> {
    let one = |_| {
        std::thread::sleep(std::time::Duration::from_micros(gap_us));
        let start = now();
        wake();
        now() - start
    };
    let mut times: Vec<u64> = (0..wakes).map(one).collect();
    times.sort_unstable();
    vec![quantile(&times, 0.5), quantile(&times, 0.9)]
}

/// Confines the calling thread to one CPU: of those that the process may use, the one with this index.
fn stay_on(allowed: &libc::cpu_set_t, index: usize) {
    unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        let cpus = (0..libc::CPU_SETSIZE as usize).filter(|&cpu| libc::CPU_ISSET(cpu, allowed));
        cpus.skip(index).take(1).for_each(|cpu| libc::CPU_SET(cpu, &mut one));
        assert_eq!(libc::sched_setaffinity(0, std::mem::size_of_val(&one), &one), 0);
    }
}

/// The CPUs that the process may use.
fn allowed_cpus() -> libc::cpu_set_t {
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        assert_eq!(libc::sched_getaffinity(0, std::mem::size_of_val(&allowed), &mut allowed), 0);
        allowed
    }
}

/// The busy work of work.h.
pub fn burn(rounds: u64) {
    let mut x = rounds;
    for _ in 0..rounds {
        x = x.wrapping_mul(6364136223846793005);
        unsafe { std::arch::asm!("/* {0} */", inout(reg) x, options(nomem, nostack, preserves_flags)) };
    }
}

pub fn number(word: &str) -> usize {
    word.parse().expect("a number")
}

pub fn pause_ms(ms: u64) {
    std::thread::sleep(std::time::Duration::from_millis(ms));
}

/// The value that this share of the values does not exceed.
pub fn quantile(sorted: &[u64], share: f64) -> f64 {
    sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)] as f64
}
