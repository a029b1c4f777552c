//! `memcpy` and its kin for the build with upstream's BPF target, whose standard library brings none. The official Solana
//! toolchain supplies its own. Short runs are copied in place, long ones by syscall; stores are volatile because the compiler
//! would otherwise turn these loops back into calls of the very functions they implement.
use solana_define_syscall::definitions::{sol_memcmp_, sol_memcpy_, sol_memmove_, sol_memset_};

/// Up to this many bytes, a loop costs less than a syscall.
const INLINE_BYTES: usize = 40;

/// # Safety
/// As C's `memcpy`.
#[no_mangle]
#[inline(never)]
pub unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    if count > INLINE_BYTES {
        unsafe { sol_memcpy_(to, from, count as u64) };
    } else {
        unsafe { copy_forward(to, from, count) };
    }
    to
}

/// # Safety
/// As C's `memmove`.
#[no_mangle]
#[inline(never)]
pub unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    if count > INLINE_BYTES {
        unsafe { sol_memmove_(to, from, count as u64) };
    } else if (to as usize) <= (from as usize) {
        unsafe { copy_forward(to, from, count) };
    } else {
        let mut i = count;
        while i > 0 {
            i = i.wrapping_sub(1);
            unsafe { to.add(i).write_volatile(from.add(i).read()) };
        }
    }
    to
}

/// # Safety
/// As C's `memset`.
#[no_mangle]
#[inline(never)]
pub unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    if count > INLINE_BYTES {
        unsafe { sol_memset_(to, byte as u8, count as u64) };
    } else {
        let mut i = 0usize;
        while i < count {
            unsafe { to.add(i).write_volatile(byte as u8) };
            i = i.wrapping_add(1);
        }
    }
    to
}

/// # Safety
/// As C's `memcmp`.
#[no_mangle]
#[inline(never)]
pub unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, count: usize) -> i32 {
    if count > INLINE_BYTES {
        let mut result = 0i32;
        unsafe { sol_memcmp_(a, b, count as u64, &mut result) };
        return result;
    }
    let mut i = 0usize;
    while i < count {
        let (x, y) = unsafe { (a.add(i).read_volatile(), b.add(i).read_volatile()) };
        if x != y {
            return (x as i32).wrapping_sub(y as i32);
        }
        i = i.wrapping_add(1);
    }
    0
}

/// # Safety
/// As C's `bcmp`.
#[no_mangle]
#[inline(never)]
pub unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, count: usize) -> i32 {
    unsafe { memcmp(a, b, count) }
}

#[inline(always)]
unsafe fn copy_forward(to: *mut u8, from: *const u8, count: usize) {
    let mut i = 0usize;
    while i.wrapping_add(8) <= count {
        unsafe { to.add(i).cast::<u64>().write_unaligned(from.add(i).cast::<u64>().read_unaligned()) };
        i = i.wrapping_add(8);
    }
    while i < count {
        unsafe { to.add(i).write_volatile(from.add(i).read()) };
        i = i.wrapping_add(1);
    }
}
