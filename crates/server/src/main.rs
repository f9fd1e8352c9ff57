//! The binary `doorward`. Everything it does is in the library.

use std::process::ExitCode;

/// glibc's allocator keeps what a flood of sign-ins has fragmented; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    doorward_server::cli::run()
}
