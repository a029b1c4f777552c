//! Account layouts: fixed offsets, little endian, each checked at compile time, and the one way to open an account.
mod house;
mod terms;
mod vault;
mod verifying_key;

pub use house::{delays_of, House};
pub use terms::Terms;
pub use vault::{Held, KeySlot, Vault};
pub use verifying_key::VerifyingKey;

use pinocchio::{
    account::{Ref, RefMut},
    error::ProgramError,
    AccountView, Address, ProgramResult,
};

use crate::{
    accounts::Creation,
    constants::VERSION,
    error::{require, CasinoError},
};

/// The codes under which one account type's failures are reported.
pub struct StateErrors {
    pub readonly: CasinoError,
    pub program: CasinoError,
    pub size: CasinoError,
    pub discriminator: CasinoError,
    pub version: CasinoError,
    pub address: CasinoError,
    pub existing: CasinoError,
}

/// What every account begins with.
#[repr(C)]
pub struct Header {
    pub discriminator: [u8; 8],
    pub version: u8,
    pub bump: u8,
}

/// An account type of this program.
///
/// # Safety
/// The type is `repr(C)`, begins with `Header`, has no padding, alignment of at most 8, and any bytes are a valid value of it.
pub unsafe trait State: Sized {
    const DISCRIMINATOR: [u8; 8];
    const ERRORS: StateErrors;

    /// The address that the account's own contents derive.
    fn derived_address(&self, program_id: &Address) -> Result<[u8; 32], ProgramError>;
}

/// Opens an account for reading: its program, size, discriminator, version and address are those of a T that this program made.
#[inline(never)]
pub fn load<'a, T: State>(
    account: &'a AccountView,
    program_id: &Address,
) -> Result<Ref<'a, T>, ProgramError> {
    check_bytes::<T>(account, program_id)?;
    // SAFETY: the size was checked; the runtime aligns account data to 8; `State` says the rest.
    let state: Ref<'a, T> = Ref::map(account.try_borrow()?, |bytes| unsafe { &*bytes.as_ptr().cast() });
    check_contents(&*state, account, program_id)?;
    Ok(state)
}

/// As `load`, for writing: the account must be writable, and not open already.
#[inline(never)]
pub fn load_mut<'a, T: State>(
    account: &'a mut AccountView,
    program_id: &Address,
) -> Result<RefMut<'a, T>, ProgramError> {
    require(account.is_writable(), T::ERRORS.readonly)?;
    check_bytes::<T>(account, program_id)?;
    let view = *account;
    // SAFETY: as in `load`.
    let state: RefMut<'a, T> =
        RefMut::map(account.try_borrow_mut()?, |bytes| unsafe { &mut *bytes.as_mut_ptr().cast() });
    check_contents(&*state, &view, program_id)?;
    Ok(state)
}

#[inline(always)]
fn check_bytes<T: State>(account: &AccountView, program_id: &Address) -> ProgramResult {
    require(account.owned_by(program_id), T::ERRORS.program)?;
    require(account.data_len() == size_of::<T>(), T::ERRORS.size)
}

#[inline(always)]
fn check_contents<T: State>(state: &T, account: &AccountView, program_id: &Address) -> ProgramResult {
    // SAFETY: every state begins with a header.
    let header: &Header = unsafe { &*(state as *const T).cast() };
    require(header.discriminator == T::DISCRIMINATOR, T::ERRORS.discriminator)?;
    require(header.version == VERSION, T::ERRORS.version)?;
    require(account.address().as_array() == &state.derived_address(program_id)?, T::ERRORS.address)
}

/// Makes the derived account of a T with its header set and zeros after it, open for writing.
#[inline(never)]
pub fn create<'a, T: State>(
    account: &'a mut AccountView,
    payer: &AccountView,
    program_id: &Address,
    seeds: [&[u8]; 3],
) -> Result<RefMut<'a, T>, ProgramError> {
    require(account.is_writable(), T::ERRORS.readonly)?;
    let creation = Creation {
        payer,
        account,
        program_id,
        seeds,
        size: size_of::<T>(),
        wrong_address: T::ERRORS.address,
        existing: T::ERRORS.existing,
    };
    let bump = creation.run()?;
    // SAFETY: the account was just made with this size, zeroed; the rest as in `load`.
    let mut state: RefMut<'a, T> =
        RefMut::map(account.try_borrow_mut()?, |bytes| unsafe { &mut *bytes.as_mut_ptr().cast() });
    // SAFETY: every state begins with a header.
    let header: &mut Header = unsafe { &mut *(&mut *state as *mut T).cast() };
    header.discriminator = T::DISCRIMINATOR;
    header.version = VERSION;
    header.bump = bump;
    Ok(state)
}

/// Compile-time checks of a layout: its size, and the offset of each field named.
#[macro_export]
macro_rules! assert_layout {
    ($type:ty, $size:literal, { $($offset:literal: $field:ident,)* }) => {
        const _: () = {
            assert!(size_of::<$type>() == $size && align_of::<$type>() <= 8);
            $(assert!(core::mem::offset_of!($type, $field) == $offset);)*
        };
    };
}
