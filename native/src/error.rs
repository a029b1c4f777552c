//! Every error that leaves the kernel: a stable code and a sentence. The same list, for TypeScript, is in `errors.ts`.

use std::borrow::Cow;
use std::fmt;

/// Stable codes; append only. A test compares them with `errors.ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An argument has the wrong number of bytes or an option is out of its range.
    InvalidArgument,
    /// A field element from outside is not below its modulus.
    NotCanonical,
    /// An input is well formed but larger than a limit named in its documentation.
    TooLarge,
    /// As many jobs as the queue takes are waiting; try again later.
    Busy,
    MalformedR1cs,
    MalformedZkey,
    MalformedWitness,
    MalformedVerifyingKey,
    /// A well-formed file of another curve, protocol or feature set.
    UnsupportedFile,
    /// The witness does not satisfy the circuit, so no proof of it exists.
    WitnessUnsatisfied,
    /// The caller's signal ended the job.
    Aborted,
    /// The operating system gave no randomness.
    NoEntropy,
    /// A broken invariant of the kernel: please report it.
    Internal,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::NotCanonical => "NOT_CANONICAL",
            Code::TooLarge => "TOO_LARGE",
            Code::Busy => "BUSY",
            Code::MalformedR1cs => "MALFORMED_R1CS",
            Code::MalformedZkey => "MALFORMED_ZKEY",
            Code::MalformedWitness => "MALFORMED_WITNESS",
            Code::MalformedVerifyingKey => "MALFORMED_VERIFYING_KEY",
            Code::UnsupportedFile => "UNSUPPORTED_FILE",
            Code::WitnessUnsatisfied => "WITNESS_UNSATISFIED",
            Code::Aborted => "ABORTED",
            Code::NoEntropy => "NO_ENTROPY",
            Code::Internal => "INTERNAL",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: Code,
    pub message: Cow<'static, str>,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Failure { code, message: message.into() }
    }
}

impl fmt::Display for Failure {
    /// `CODE: message`, which `index.ts` takes apart again (Node-API carries one string across threads).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

/// Fails with `code` and `message` unless `condition` holds.
pub fn ensure(condition: bool, code: Code, message: &'static str) -> Result<()> {
    if condition { Ok(()) } else { Err(Failure::new(code, message)) }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_is_in_the_list_for_typescript() {
        let list = include_str!("../errors.ts");
        let codes = [
            Code::InvalidArgument,
            Code::NotCanonical,
            Code::TooLarge,
            Code::Busy,
            Code::MalformedR1cs,
            Code::MalformedZkey,
            Code::MalformedWitness,
            Code::MalformedVerifyingKey,
            Code::UnsupportedFile,
            Code::WitnessUnsatisfied,
            Code::Aborted,
            Code::NoEntropy,
            Code::Internal,
        ];
        for code in codes {
            assert!(list.contains(&format!("  '{}',", code.as_str())), "{}", code.as_str());
        }
    }
}
