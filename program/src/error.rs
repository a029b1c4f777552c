//! Every failure of this program, append-only: a code never changes its meaning and is never used again.
//!
//! Name grammar: `KindSubject[What]`. The kind is one of Unknown, Wrong, Exceeded, Unavailable, Invalid, Missing (a signature),
//! Readonly, Insufficient, Existing, Unsupported, Zero, Paused, Frozen, Inactive, Retired, Stale, Empty. In text the names are
//! written in upper snake case (`UNSUPPORTED_MINT`).
use pinocchio::error::ProgramError;

macro_rules! errors {
    ($($code:literal $name:ident $message:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum CasinoError {
            $(#[doc = $message] $name = $code,)*
        }
    };
}

errors! {
    6000 UnknownInstruction "the first data byte names no instruction",
    6001 WrongDataSize "instruction data has bytes missing or left over",
    6002 WrongAccountCount "accounts are missing or left over",
    6003 ExceededU64 "an amount or number left the range of u64",
    6004 UnavailableClock "the clock sysvar cannot be read",
    6005 UnavailableRent "the rent sysvar cannot be read, or has an exemption threshold this program does not know",
    6006 InvalidPoseidonInput "the Poseidon syscall refused its input",
    6007 WrongSystemProgram "the system program's place holds another account",
    6008 MissingCreatorSignature "the creator did not sign",
    6009 MissingAuthoritySignature "the authority did not sign",
    6010 MissingSettlerSignature "the settler did not sign",
    6011 MissingPayerSignature "the payer did not sign",
    6012 MissingOwnerSignature "the vault's owner did not sign",
    6013 MissingLeaderSignature "neither authority nor settler signed",
    6014 WrongAuthority "the signer is not the house's authority",
    6015 WrongSettler "the signer is not the house's settler",
    6016 WrongOwner "the account is not the vault's owner",
    6017 WrongLeader "the signer is neither the house's authority nor its settler",
    6018 ReadonlyCreator "the creator must be writable",
    6019 ReadonlyAuthority "the authority must be writable",
    6020 ReadonlyPayer "the payer must be writable",
    6021 ReadonlyOwner "the owner must be writable",
    6022 ReadonlyEscrow "the escrow must be writable",
    6023 WrongEscrowAddress "the account is not the house's escrow",
    6024 InsufficientPayerFunds "the payer holds less than it is to pay",
    6025 InsufficientEscrow "the escrow above its rent minimum would not cover the liabilities",
    6026 ReadonlyHouse "the house must be writable",
    6027 WrongHouseProgram "the house account belongs to another program",
    6028 WrongHouseSize "the house account has another size",
    6029 WrongHouseDiscriminator "the account is not a house",
    6030 WrongHouseVersion "the house has a layout version that this program does not know",
    6031 WrongHouseAddress "the house is not at its derived address",
    6032 ExistingHouse "this creator has a house of this mint already",
    6033 ReadonlyTerms "the terms must be writable",
    6034 WrongTermsProgram "the terms account belongs to another program",
    6035 WrongTermsSize "the terms account has another size",
    6036 WrongTermsDiscriminator "the account is not terms",
    6037 WrongTermsVersion "the terms have a layout version that this program does not know",
    6038 WrongTermsAddress "the terms are not at their derived address",
    6039 ExistingTerms "terms of this id exist already",
    6040 WrongTermsHouse "the terms belong to another house",
    6041 ReadonlyVerifyingKey "the verifying key must be writable",
    6042 WrongVerifyingKeyProgram "the verifying key account belongs to another program",
    6043 WrongVerifyingKeySize "the verifying key account has another size",
    6044 WrongVerifyingKeyDiscriminator "the account is not a verifying key",
    6045 WrongVerifyingKeyVersion "the verifying key has a layout version that this program does not know",
    6046 WrongVerifyingKeyAddress "the verifying key is not at its derived address",
    6047 ExistingVerifyingKey "a verifying key of this id exists already",
    6048 WrongVerifyingKeyHouse "the verifying key belongs to another house",
    6049 ReadonlyVault "the vault must be writable",
    6050 WrongVaultProgram "the vault account belongs to another program",
    6051 WrongVaultSize "the vault account has another size",
    6052 WrongVaultDiscriminator "the account is not a vault",
    6053 WrongVaultVersion "the vault has a layout version that this program does not know",
    6054 WrongVaultAddress "the vault is not at its derived address",
    6055 ExistingVault "this owner has a vault in this house already",
    6056 WrongVaultHouse "the vault belongs to another house",
    6057 UnsupportedMint "the mint is neither native lamports (32 zero bytes) nor an initialised mint of the classic Token program",
    6058 ZeroAuthority "the authority is the zero address",
    6059 ZeroSettler "the settler is the zero address",
    6060 ZeroReceiptKey "the receipt key is zero",
    6061 InvalidExitDelay "exitDelaySlots is outside the program's bounds",
    6062 InvalidChangeDelay "changeDelaySlots is below twice exitDelaySlots or above the program's bound",
    6063 WrongTermsId "the id is not currentTerms + 1",
    6064 InvalidProfit "profitBps is zero or above the program's bound",
    6065 ZeroVrfCommitment "the VRF commitment is zero",
    6066 InvalidVrfCommitment "the VRF commitment is not a canonical field element",
    6067 InvalidMaxBets "maxBets is zero or above the program's bound",
    6068 InvalidMaxVaults "maxVaults is zero or above the program's bound",
    6069 InvalidKeyPoint "a point of the verifying key is not on its curve or not in its group",
    6070 ZeroKeyPoint "a point of the verifying key is the point at infinity",
    6071 InvalidKeySetup "gamma equals delta: the key's set-up was not finished, and anyone could forge proofs",
    6072 ZeroSessionKey "the session key hash is zero",
    6073 InvalidSessionKey "the session key hash is not a canonical field element",
    6074 PausedHouse "the house takes no new vaults or deposits at present",
    6075 FrozenVault "the vault is frozen",
    6076 ZeroAmount "the amount is zero",
    6077 InsufficientDeposit "the amount credited is below the minimum that was asked for",
    6078 ExistingRequest "a withdrawal request is open already",
    6079 ZeroClaimable "nothing is claimable",
    6080 WrongLeaderPair "the leader epoch and nonce are not the house's present ones",
    6081 WrongBatchNumber "the batch number is not lastBatch + 1",
    6082 WrongTransferNumber "the transfer number is not lastTransfer + 1",
    6083 WrongVerifyingKeyId "the verifying key account has another id than the instruction names",
    6084 InactiveVerifyingKey "the verifying key is not active yet",
    6085 RetiredVerifyingKey "the verifying key is retired",
    6086 ZeroVaults "a settlement names at least one vault",
    6087 ExceededVaults "more vaults than the verifying key, or the program, allows",
    6088 WrongVaultOrder "vault addresses are not strictly ascending",
    6089 UnknownFlags "a vault's flags have unknown bits",
    6090 ZeroConsume "a deposit of zero cannot be consumed",
    6091 ExceededPendingDeposit "more is to be consumed than is pending",
    6092 ZeroBets "a vault's run has at least one bet",
    6093 ExceededBets "more bets than the verifying key allows",
    6094 InvalidOutcomes "an outcome bit beyond the batch's bets is set",
    6095 StaleTerms "the terms are older than the vault's last ones",
    6096 EmptyKeySlot "the named session key slot is empty",
    6097 InactiveKeySlot "the session key is not valid yet",
    6098 RetiredKeySlot "the session key is no longer valid",
    6099 InsufficientHouseBalance "the house's balance does not cover the batch",
    6100 InvalidProofEncoding "a point of the proof does not decompress",
    6101 InvalidProof "the proof does not verify for this public input",
    6102 WrongEpoch "`from` is not the house's leader epoch",
    6103 InvalidEpochStep "`to` is not above `from`, or too far above it",
    6104 ZeroNonce "the leader nonce is zero",
    6105 UnavailableSha256 "the SHA-256 syscall failed",
    6106 EmptyRequest "no withdrawal request is open",
    6107 InactiveExit "the request's deadline has not passed: the house may still pay",
    6108 ExistingRotation "the session key before the present one is still valid",
    6109 InvalidKeyStart "the new session key would start in the past, or more than changeDelaySlots from now",
    6110 ExistingSessionKey "the new session key is the present one",
    6111 WrongInstructionsSysvar "the account is not the instructions sysvar",
    6112 WrongReceiptProgram "the instruction just before is not the ed25519 program's, or there is none",
    6113 InvalidReceiptSignature "the ed25519 instruction is not one signature over a receipt, all in its own data",
    6114 WrongReceiptTag "the signed message is not a receipt",
    6115 WrongReceiptDomain "the receipt is of another cluster",
    6116 WrongReceiptHouse "the receipt is of another house",
    6117 WrongReceiptVault "the receipt is of another vault",
    6118 WrongReceiptKey "the receipt is signed by neither the house's receipt key nor a previous one that still counts",
    6119 StaleReceipt "bets are settled up to the receipt's already",
    6120 ExistingChallenge "a challenge by a receipt of this bet or a later one is open already",
    6121 EmptyChallenge "no challenge is open",
    6122 InactiveEscalation "the challenge is not older than exitDelaySlots",
    6123 ExistingEscalation "the challenge is counted as overdue already",
    6140 ExistingRetirement "the verifying key's retirement is set already",
    6141 InvalidPaused "`paused` is neither 0 nor 1",
    6142 UnknownChange "the kind of change is not 0, 1 or 2",
    6143 EmptyChange "no change of this kind is pending",
    6144 InactiveChange "the pending change's slot has not come yet",
    6145 StaleChange "the pending change lapsed changeDelaySlots after its slot",
    6146 MissingNewAuthoritySignature "the new authority did not sign",
    6147 WrongNewAuthority "the account is not the pending authority",
    6148 EmptyHouseRequest "the house has no open withdrawal request",
    6149 InactiveHouseRequest "the house's withdrawal request cannot be paid yet",
    6150 StaleHouseRequest "the house's withdrawal request lapsed exitDelaySlots after its slot",
    6151 ExistingOverdueChallenge "challenges are overdue: until they are settled the house is paid nothing",
    6152 ZeroPayment "the house has nothing that is not reserved by challenges",
    6153 WrongTokenProgram "the Token program's place holds another account",
    6154 WrongMint "the account is not the mint that the instruction names",
    6155 WrongEscrowTokenAddress "the account is not the escrow's associated token account",
    6156 WrongTokenAccountProgram "a token account does not belong to the classic Token program, or does not exist",
    6157 WrongTokenAccountSize "a token account has another size",
    6158 WrongTokenAccountMint "a token account is of another mint",
    6159 WrongTokenAccountOwner "a token account belongs to another than the one who pays, is paid, or holds the escrow",
    6160 WrongTokenAccountAddress "the token account to be paid is not the recipient's associated one",
    6161 ReadonlyTokenAccount "a token account that pays or is paid must be writable",
    6162 EmptyTokenAccount "a token account is not initialised",
    6163 FrozenTokenAccount "a token account is frozen by its mint's authority",
    6164 ExistingDelegate "a delegate could move the escrow's tokens",
    6165 ExistingCloseAuthority "another than the escrow could close its token account",
}

impl From<CasinoError> for ProgramError {
    #[inline(always)]
    fn from(error: CasinoError) -> Self {
        ProgramError::Custom(error as u32)
    }
}

/// `Err(error)` unless the condition holds.
#[inline(always)]
pub fn require(condition: bool, error: CasinoError) -> Result<(), ProgramError> {
    if condition {
        Ok(())
    } else {
        Err(error.into())
    }
}

/// The sum, or `EXCEEDED_U64`.
#[inline(always)]
pub fn add(a: u64, b: u64) -> Result<u64, ProgramError> {
    a.checked_add(b).ok_or(CasinoError::ExceededU64.into())
}

/// The difference, or `EXCEEDED_U64`.
#[inline(always)]
pub fn sub(a: u64, b: u64) -> Result<u64, ProgramError> {
    a.checked_sub(b).ok_or(CasinoError::ExceededU64.into())
}
