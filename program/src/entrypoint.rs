//! Where the runtime enters. There is no allocator: nothing in this program allocates.
use pinocchio::{no_allocator, nostd_panic_handler, program_entrypoint, AccountView, Address, ProgramResult};

use crate::{data::Reader, instructions};

program_entrypoint!(process);
no_allocator!();
nostd_panic_handler!();

#[inline(always)]
fn process(program_id: &Address, accounts: &mut [AccountView], data: &[u8]) -> ProgramResult {
    instructions::process(program_id, accounts, &mut Reader::new(data))
}
