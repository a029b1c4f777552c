//! The Node-API surface, as `binding.ts` declares it; `index.ts` wraps it for callers.
//!
//! Bytes are copied before they reach another thread. Failures cross as one string, `CODE: message`.

use crate::error::{Code, Failure, Result, ensure};
use crate::field::{scalar_from_be, scalars_from_be, to_be};
use crate::groth16::{PROOF_BYTES, Proof, VerifyingKey};
use crate::lanes::{LaneOptions, Lanes};
use crate::msm::{MAX_PASSES, MAX_WINDOW_BITS, MIN_WINDOW_BITS};
use crate::prover::{AbortFlag, Proven, Prover};
use crate::tables::{Origin, TableOptions};
use crate::{eddsa, field, poseidon, setup, zkey};
use napi::bindgen_prelude::{Env, Object, ToNapiValue, Uint8Array};
use napi_derive::napi;
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of one packed item of a signature batch: public key, signature, message.
const BATCH_ITEM_BYTES: usize = eddsa::PUBLIC_KEY_BYTES + eddsa::SIGNATURE_BYTES + eddsa::MESSAGE_BYTES;
/// Signatures of one batch.
const MAX_BATCH_ITEMS: usize = 4096;
/// Background jobs (signature batches, set-ups, key loads) at once; the next one is refused with `BUSY`.
const MAX_BACKGROUND_JOBS: usize = 64;

static BACKGROUND_JOBS: AtomicUsize = AtomicUsize::new(0);

/// Runs `work`; a panic becomes the code `INTERNAL`.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Failure::new(Code::Internal, format!("a broken invariant: {text}")))
    })
}

fn to_js(failure: Failure) -> napi::Error {
    napi::Error::from_reason(failure.to_string())
}

fn synchronous<T>(work: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    caught(work).map_err(to_js)
}

/// A promise of `convert(work())`. `start` hands the job to the threads that are to run it.
fn promise<'env, T, Js>(
    env: &'env Env,
    start: impl FnOnce(Box<dyn FnOnce() + Send>) -> Result<()>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
    convert: fn(T) -> Js,
) -> napi::Result<Object<'env>>
where
    T: Send + 'static,
    Js: ToNapiValue + 'static,
{
    type Resolver<Js> = Box<dyn FnOnce(Env) -> napi::Result<Js>>;
    let (deferred, promise) = env.create_deferred::<Js, Resolver<Js>>()?;
    let rejected = deferred.clone();
    let job = move || match caught(work) {
        Ok(value) => deferred.resolve(Box::new(move |_| Ok(convert(value)))),
        Err(failure) => deferred.reject(to_js(failure)),
    };
    if let Err(failure) = start(Box::new(job)) {
        rejected.reject(to_js(failure));
    }
    Ok(promise)
}

/// Counts one background job until it is dropped, even by a panic.
struct BackgroundSlot;

impl BackgroundSlot {
    fn take() -> Result<Self> {
        let taken = BACKGROUND_JOBS.fetch_add(1, Ordering::AcqRel);
        let slot = BackgroundSlot;
        ensure(taken < MAX_BACKGROUND_JOBS, Code::Busy, "64 background jobs are running already")?;
        Ok(slot)
    }
}

impl Drop for BackgroundSlot {
    fn drop(&mut self) {
        BACKGROUND_JOBS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Starts a job on the shared pool of one thread per core.
fn in_background(job: Box<dyn FnOnce() + Send>) -> Result<()> {
    let slot = BackgroundSlot::take()?;
    rayon::spawn(move || {
        job();
        drop(slot);
    });
    Ok(())
}

/// Starts a job on a thread of its own, for work that waits for lanes: it would take a thread off the shared pool.
fn on_own_thread(job: Box<dyn FnOnce() + Send>) -> Result<()> {
    let slot = BackgroundSlot::take()?;
    let run = move || {
        job();
        drop(slot);
    };
    let started = std::thread::Builder::new().name("prover-load".into()).spawn(run);
    started.map(drop).map_err(|error| Failure::new(Code::Internal, format!("no thread: {error}")))
}

#[napi(js_name = "poseidon")]
pub fn js_poseidon(inputs: &[u8]) -> napi::Result<Uint8Array> {
    synchronous(|| Ok(to_be(&poseidon::hash(&scalars_from_be(inputs)?)?).to_vec().into()))
}

#[napi(js_name = "legendre")]
pub fn js_legendre(x: &[u8]) -> napi::Result<i32> {
    synchronous(|| Ok(field::legendre(&scalar_from_be(x)?)))
}

#[napi(js_name = "sqrt")]
pub fn js_sqrt(x: &[u8]) -> napi::Result<Option<Uint8Array>> {
    synchronous(|| Ok(field::smaller_sqrt(&scalar_from_be(x)?).map(|root| to_be(&root).to_vec().into())))
}

#[napi(js_name = "verifyEddsaPoseidon")]
pub fn js_verify_eddsa_poseidon(public_key: &[u8], signature: &[u8], message: &[u8]) -> napi::Result<bool> {
    synchronous(|| eddsa::verify(public_key, signature, message))
}

#[napi(js_name = "publicKeyStatus")]
pub fn js_public_key_status(public_key: &[u8]) -> napi::Result<&'static str> {
    synchronous(|| Ok(eddsa::public_key_status(public_key)?.as_str()))
}

/// Packed items in, one byte (0 or 1) per item out.
#[napi(js_name = "verifyEddsaPoseidonBatch", ts_return_type = "Promise<Uint8Array>")]
pub fn js_verify_eddsa_poseidon_batch<'env>(env: &'env Env, items: &[u8]) -> napi::Result<Object<'env>> {
    let items = items.to_vec();
    promise(env, in_background, move || verify_batch(&items), Uint8Array::from)
}

fn verify_batch(items: &[u8]) -> Result<Vec<u8>> {
    ensure(items.len().is_multiple_of(BATCH_ITEM_BYTES), Code::InvalidArgument, "a batch item is 192 bytes")?;
    ensure(
        items.len() / BATCH_ITEM_BYTES <= MAX_BATCH_ITEMS,
        Code::TooLarge,
        "a batch has up to 4096 items",
    )?;
    items
        .par_chunks_exact(BATCH_ITEM_BYTES)
        .map(|item| {
            let (public_key, rest) = item.split_at(eddsa::PUBLIC_KEY_BYTES);
            let (signature, message) = rest.split_at(eddsa::SIGNATURE_BYTES);
            eddsa::verify(public_key, signature, message).map(u8::from)
        })
        .collect()
}

#[napi(js_name = "developmentSetup", ts_return_type = "Promise<Uint8Array>")]
pub fn js_development_setup<'env>(env: &'env Env, r1cs: &[u8]) -> napi::Result<Object<'env>> {
    let r1cs = r1cs.to_vec();
    promise(env, in_background, move || setup::development_setup(&r1cs), Uint8Array::from)
}

#[napi(js_name = "verifyingKeyBytes")]
pub fn js_verifying_key_bytes(zkey: &[u8]) -> napi::Result<Uint8Array> {
    synchronous(|| Ok(zkey::parse_verifying_key(zkey)?.to_bytes().into()))
}

#[napi(js_name = "verifyGroth16")]
pub fn js_verify_groth16(verifying_key: &[u8], proof: &[u8], public_inputs: &[u8]) -> napi::Result<bool> {
    synchronous(|| {
        let key = VerifyingKey::from_bytes(verifying_key)?;
        let inputs = scalars_from_be(public_inputs)?;
        ensure(proof.len() == PROOF_BYTES, Code::InvalidArgument, "a proof is 256 bytes")?;
        ensure(
            inputs.len() + 1 == key.ic.len(),
            Code::InvalidArgument,
            "the key takes another number of inputs",
        )?;
        Proof::from_bytes(proof).map_or(Ok(false), |proof| key.verify(&proof, &inputs))
    })
}

#[napi]
#[derive(Default)]
pub struct AbortHandle {
    flag: Arc<AbortFlag>,
}

#[napi]
impl AbortHandle {
    #[napi(constructor)]
    pub fn new() -> Self {
        AbortHandle::default()
    }

    #[napi]
    pub fn abort(&self) {
        self.flag.abort();
    }
}

#[napi(object)]
pub struct LoadOptions {
    /// 0 chooses by the size of the tables.
    pub window_bits: u32,
    pub table_passes: u32,
    pub concurrent_proofs: u32,
    /// 0 takes one thread per core.
    pub threads_per_proof: u32,
    pub niceness: u32,
    /// Directory of the table cache.
    pub table_cache: Option<String>,
}

#[napi(object)]
pub struct ProofBytes {
    pub proof: Uint8Array,
    pub compressed: Uint8Array,
    pub public_inputs: Uint8Array,
}

#[napi]
pub struct LoadedProver {
    prover: Arc<Prover>,
    lanes: Lanes,
}

#[napi(js_name = "loadProver", ts_return_type = "Promise<LoadedProver>")]
pub fn js_load_prover<'env>(env: &'env Env, zkey: &[u8], options: LoadOptions) -> napi::Result<Object<'env>> {
    let zkey = zkey.to_vec();
    promise(env, on_own_thread, move || load_prover(zkey, options), |prover| prover)
}

/// The key is read by the lanes' threads, at their priority.
fn load_prover(zkey: Vec<u8>, options: LoadOptions) -> Result<LoadedProver> {
    let window_bits = Some(options.window_bits as usize).filter(|&bits| bits != 0);
    let width_fits = window_bits.is_none_or(|bits| (MIN_WINDOW_BITS..=MAX_WINDOW_BITS).contains(&bits));
    ensure(width_fits, Code::InvalidArgument, "windowBits is 4 to 18")?;
    let passes = options.table_passes as usize;
    ensure((1..=MAX_PASSES).contains(&passes), Code::InvalidArgument, "tablePasses is 1 to 64")?;
    let threads = match options.threads_per_proof {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads as usize,
    };
    let lanes = Lanes::start(&LaneOptions {
        lane_count: options.concurrent_proofs as usize,
        threads_per_lane: threads,
        niceness: i32::try_from(options.niceness).unwrap_or(i32::MAX),
    })?;
    let table_options = TableOptions { window_bits, passes, cache: options.table_cache.map(PathBuf::from) };
    let prover = lanes.run(move || Prover::load(&zkey, &table_options))??;
    Ok(LoadedProver { prover: Arc::new(prover), lanes })
}

#[napi]
impl LoadedProver {
    #[napi(ts_return_type = "Promise<ProofBytes>")]
    pub fn prove<'env>(
        &self,
        env: &'env Env,
        wtns: &[u8],
        abort: &AbortHandle,
    ) -> napi::Result<Object<'env>> {
        let (prover, flag, wtns) = (Arc::clone(&self.prover), Arc::clone(&abort.flag), wtns.to_vec());
        promise(env, |job| self.lanes.submit(job), move || prover.prove(&wtns, &flag), proof_bytes)
    }

    #[napi(getter)]
    pub fn verifying_key(&self) -> Uint8Array {
        self.prover.verifying_key.to_bytes().into()
    }

    #[napi(getter)]
    pub fn is_development_key(&self) -> bool {
        self.prover.is_development_key
    }

    /// Memory of the tables; a double holds any such size exactly.
    #[napi(getter)]
    pub fn table_bytes(&self) -> f64 {
        self.prover.table_bytes() as f64
    }

    #[napi(getter)]
    pub fn tables_from(&self) -> &'static str {
        match self.prover.tables_from() {
            Origin::Built => "built",
            Origin::Cache => "cache",
        }
    }
}

fn proof_bytes(proven: Proven) -> ProofBytes {
    ProofBytes {
        proof: proven.proof.to_bytes().into(),
        compressed: proven.proof.to_compressed().into(),
        public_inputs: proven.public_inputs.iter().flat_map(to_be).collect::<Vec<u8>>().into(),
    }
}
