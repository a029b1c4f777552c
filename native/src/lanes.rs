//! Where proofs run: a fixed number of lanes, each with its own threads, taking jobs from one bounded queue in order.
//!
//! Lanes do not share threads, so a proof never waits for, or works on, another lane's proof. Many lanes of one thread
//! prove the most per second, one lane of all threads proves soonest.

use crate::error::{Code, Failure, Result, ensure};
use crate::priority;
use rayon::ThreadPool;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Jobs that may wait; the next one is refused with `BUSY`.
pub const MAX_WAITING: usize = 64;
pub const MAX_LANES: usize = 64;
pub const MAX_THREADS_PER_LANE: usize = 256;

type Job = Box<dyn FnOnce() + Send>;

/// The queue's end. Dropping it ends the lanes once the jobs that wait are done.
pub struct Lanes {
    queue: SyncSender<Job>,
}

pub struct LaneOptions {
    pub lane_count: usize,
    pub threads_per_lane: usize,
    /// 0 to 19, as `priority::lower` takes it.
    pub niceness: i32,
}

impl Lanes {
    /// Errors: `INVALID_ARGUMENT` for an option out of range.
    pub fn start(options: &LaneOptions) -> Result<Self> {
        let &LaneOptions { lane_count, threads_per_lane, niceness } = options;
        ensure((1..=MAX_LANES).contains(&lane_count), Code::InvalidArgument, "there may be 1 to 64 lanes")?;
        let threads_fit = (1..=MAX_THREADS_PER_LANE).contains(&threads_per_lane);
        ensure(threads_fit, Code::InvalidArgument, "a lane may have 1 to 256 threads")?;
        let is_nice = (0..=priority::MAX_NICENESS).contains(&niceness);
        ensure(is_nice, Code::InvalidArgument, "niceness is 0 to 19")?;
        let (queue, jobs) = sync_channel::<Job>(MAX_WAITING);
        let jobs = Arc::new(Mutex::new(jobs));
        let no_thread =
            |error: &dyn std::fmt::Display| Failure::new(Code::Internal, format!("no thread: {error}"));
        for lane in 0..lane_count {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads_per_lane)
                .thread_name(move |thread| format!("prover-{lane}-{thread}"))
                .start_handler(move |_| priority::lower(niceness))
                .build()
                .map_err(|error| no_thread(&error))?;
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new()
                .name(format!("prover-{lane}"))
                .spawn(move || run_lane(&pool, &jobs))
                .map_err(|error| no_thread(&error))?;
        }
        Ok(Lanes { queue })
    }

    /// Queues a job. Errors: `BUSY` if the queue is full.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) -> Result<()> {
        self.queue
            .try_send(Box::new(job))
            .map_err(|_| Failure::new(Code::Busy, "64 proofs are waiting already"))
    }

    /// Runs `work` on a lane's threads and waits for it; its panic goes on in the caller. Errors: as `submit`.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (sender, outcome) = sync_channel(1);
        self.submit(move || {
            // The receiver below waits until it has the outcome.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        })?;
        match outcome.recv() {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Failure::new(Code::Internal, "a lane dropped its job")),
        }
    }
}

fn run_lane(pool: &ThreadPool, jobs: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting: the other idle lanes wait for it instead.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // Jobs catch their own panics to report them; this only keeps the lane alive should that fail.
        let _ = catch_unwind(AssertUnwindSafe(|| pool.install(job)));
    }
}
