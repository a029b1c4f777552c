//! The priority of threads that compute, so that they leave the processor to those that answer.

/// The lowest priority there is.
pub const MAX_NICENESS: i32 = 19;

/// Lowers the calling thread's priority to this niceness, never raises it. Only on Linux do threads have one of their own;
/// elsewhere this does nothing. A system that refuses is left as it is: priority is a matter of speed alone.
#[cfg(target_os = "linux")]
pub fn lower(niceness: i32) {
    // SAFETY: plain system calls. Process 0 stands for the calling thread.
    unsafe {
        if niceness > libc::getpriority(libc::PRIO_PROCESS, 0) {
            libc::setpriority(libc::PRIO_PROCESS, 0, niceness);
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub fn lower(_niceness: i32) {}
