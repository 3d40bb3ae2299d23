//! Our trees and signatures against other people's implementations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use aws_lc_rs::signature::{self, KeyPair as _};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use cybermesh_keys::Fast;
use cybermesh_proto::Digest;
use cybermesh_proto::keys::{MlDsa, SignatureCheck, Zip215Item};
use cybermesh_proto::merkle::{BlockTree, Frontier, Log, leaf_hash, verify_consistency, verify_inclusion};
use cybermesh_verify::PureRust;
use cybermesh_world::vectors::{self, unhex};
use sha2_of_ct_merkle::Sha256;

/// Deterministic numbers: a seed printed once replays a run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}

fn seed() -> Numbers {
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_260_101);
    println!("replay with SEED={seed}");
    Numbers(seed)
}

fn rounds(short: usize, long: usize) -> usize {
    if std::env::var_os("CYBERMESH_FULL").is_some() { long } else { short }
}

fn leaf(index: usize) -> Vec<u8> {
    index.to_string().into_bytes()
}

/// One log in three libraries.
struct Three {
    ours: Log,
    frontier: Frontier,
    ct: MemoryBackedTree<Sha256, Vec<u8>>,
    leaves: Vec<Vec<u8>>,
}

impl Three {
    fn of(size: usize) -> Self {
        let mut three = Self {
            ours: Log::default(),
            frontier: Frontier::default(),
            ct: MemoryBackedTree::new(),
            leaves: vec![],
        };
        for index in 0..size {
            three.ours.append(&leaf(index));
            three.frontier.append(&leaf(index));
            three.ct.push(leaf(index));
            three.leaves.push(leaf(index));
        }
        three
    }

    fn size(&self) -> usize {
        self.leaves.len()
    }

    fn root(&self) -> Digest {
        self.ours.root(self.size()).unwrap()
    }

    fn check_roots(&self) -> BlockTree {
        let block = BlockTree::new(self.leaves.iter().map(Vec::as_slice));
        assert_eq!(block.root(), self.root(), "rs_merkle, {} leaves", self.size());
        assert_eq!(self.frontier.root(), self.root());
        assert_eq!(
            self.ct.root().as_bytes().as_slice(),
            self.root().as_bytes(),
            "ct-merkle, {} leaves",
            self.size()
        );
        block
    }

    fn check_inclusion(&self, block: &BlockTree, index: usize) {
        let path = self.ours.inclusion(index, self.size()).unwrap();
        assert_eq!(block.path(index).unwrap(), path, "rs_merkle");
        let theirs: Vec<u8> = self.ct.prove_inclusion(index).as_bytes().to_vec();
        let flat: Vec<u8> = path.iter().flat_map(|step| *step.as_bytes()).collect();
        assert_eq!(flat, theirs, "ct-merkle, leaf {index} of {}", self.size());
        let (index, size) = (u64::try_from(index).unwrap(), u64::try_from(self.size()).unwrap());
        let hash = leaf_hash(&self.leaves[usize::try_from(index).unwrap()]);
        verify_inclusion(&hash, index, size, &path, &self.root()).unwrap();
    }

    fn check_consistency(&self, old: usize) {
        let path = self.ours.consistency(old, self.size()).unwrap();
        let before = self.ours.root(old).unwrap();
        let number = |size: usize| u64::try_from(size).unwrap();
        verify_consistency((number(old), &before), (number(self.size()), &self.root()), &path).unwrap();
        if old > 0 && old < self.size() {
            let theirs = self.ct.prove_consistency(self.size() - old).as_bytes().to_vec();
            let flat: Vec<u8> = path.iter().flat_map(|step| *step.as_bytes()).collect();
            assert_eq!(flat, theirs, "ct-merkle, {old} in {}", self.size());
        }
    }
}

#[test]
fn trees_agree_with_rs_merkle_and_ct_merkle_at_every_size_to_64() {
    for size in 0..=64 {
        let three = Three::of(size);
        let block = three.check_roots();
        (0..size).for_each(|index| three.check_inclusion(&block, index));
        (0..=size).for_each(|old| three.check_consistency(old));
    }
}

#[test]
fn trees_agree_at_random_sizes_to_10_000() {
    let mut numbers = seed();
    for _ in 0..rounds(6, 200) {
        let size = 65 + numbers.below(9_936);
        let three = Three::of(size);
        let block = three.check_roots();
        for _ in 0..8 {
            three.check_inclusion(&block, numbers.below(size));
            three.check_consistency(numbers.below(size + 1));
        }
    }
}

/// What each library makes: a public key, and signatures over messages.
struct Made {
    by: &'static str,
    level: MlDsa,
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

macro_rules! made_by_pqcrypto {
    ($module:ident, $level:expr, $message:expr) => {{
        use pqcrypto_traits::sign::{DetachedSignature as _, PublicKey as _};
        let (public, secret) = pqcrypto_mldsa::$module::keypair();
        let signature = pqcrypto_mldsa::$module::detached_sign($message, &secret);
        Made {
            by: "pqcrypto",
            level: $level,
            key: public.as_bytes().to_vec(),
            message: $message.to_vec(),
            signature: signature.as_bytes().to_vec(),
        }
    }};
}

macro_rules! accepted_by_pqcrypto {
    ($module:ident, $made:expr) => {{
        use pqcrypto_traits::sign::{DetachedSignature as _, PublicKey as _};
        let public = pqcrypto_mldsa::$module::PublicKey::from_bytes(&$made.key).unwrap();
        let signature = pqcrypto_mldsa::$module::DetachedSignature::from_bytes(&$made.signature);
        signature.is_ok_and(|signature| {
            pqcrypto_mldsa::$module::verify_detached_signature(&signature, &$made.message, &public).is_ok()
        })
    }};
}

macro_rules! made_by_fips204 {
    ($module:ident, $level:expr, $message:expr) => {{
        use fips204::traits::{KeyGen as _, SerDes as _, Signer as _};
        let (public, secret) = fips204::$module::KG::keygen_from_seed(&[$message.len() as u8; 32]);
        let signature = secret.try_sign_with_seed(&[7; 32], $message, &[]).unwrap();
        Made {
            by: "fips204",
            level: $level,
            key: public.into_bytes().to_vec(),
            message: $message.to_vec(),
            signature: signature.to_vec(),
        }
    }};
}

fn made_by_aws_lc(level: MlDsa, message: &[u8]) -> Made {
    let algorithm = match level {
        MlDsa::L44 => &signature::ML_DSA_44_SIGNING,
        MlDsa::L65 => &signature::ML_DSA_65_SIGNING,
        MlDsa::L87 => &signature::ML_DSA_87_SIGNING,
    };
    let pair = signature::PqdsaKeyPair::generate(algorithm).unwrap();
    let mut signature = vec![0; algorithm.signature_len()];
    let length = pair.sign(message, &mut signature).unwrap();
    signature.truncate(length);
    Made {
        by: "aws-lc",
        level,
        key: pair.public_key().as_ref().to_vec(),
        message: message.to_vec(),
        signature,
    }
}

fn accepted(made: &Made) -> [bool; 3] {
    let fast = Fast.ml_dsa(made.level, &made.key, &made.message, &made.signature);
    let pure = PureRust.ml_dsa(made.level, &made.key, &made.message, &made.signature);
    let oracle = match made.level {
        MlDsa::L44 => accepted_by_pqcrypto!(mldsa44, made),
        MlDsa::L65 => accepted_by_pqcrypto!(mldsa65, made),
        MlDsa::L87 => accepted_by_pqcrypto!(mldsa87, made),
    };
    [fast, pure, oracle]
}

#[test]
fn ml_dsa_agrees_in_three_libraries_both_ways_at_three_levels() {
    let mut numbers = seed();
    let mut pairs = 0;
    for round in 0..rounds(10, 500) {
        let message: Vec<u8> = (0..round).map(|_| numbers.below(256).to_le_bytes()[0]).collect();
        let made = [
            made_by_aws_lc(MlDsa::L44, &message),
            made_by_aws_lc(MlDsa::L65, &message),
            made_by_aws_lc(MlDsa::L87, &message),
            made_by_fips204!(ml_dsa_44, MlDsa::L44, &message),
            made_by_fips204!(ml_dsa_65, MlDsa::L65, &message),
            made_by_fips204!(ml_dsa_87, MlDsa::L87, &message),
            made_by_pqcrypto!(mldsa44, MlDsa::L44, &message),
            made_by_pqcrypto!(mldsa65, MlDsa::L65, &message),
            made_by_pqcrypto!(mldsa87, MlDsa::L87, &message),
        ];
        for mut made in made {
            assert_eq!(accepted(&made), [true; 3], "{} {:?}, round {round}", made.by, made.level);
            // An altered signature, then an altered key: refused by all three alike.
            let at = numbers.below(made.signature.len());
            made.signature[at] ^= 1 << numbers.below(8);
            assert_eq!(accepted(&made), [false; 3], "{} {:?}: byte {at} altered", made.by, made.level);
            pairs += 2;
        }
    }
    println!("{pairs} signatures judged by three libraries");
}

#[test]
fn ml_dsa_keys_of_one_seed_are_equal_in_both_libraries() {
    use cybermesh_proto::keys::Algorithm;
    for algorithm in [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87] {
        let seed = cybermesh_world::keys::seed("det-1", algorithm);
        let ours = cybermesh_keys::Seed::from_bytes(algorithm, seed).public_key().unwrap();
        assert_eq!(ours, cybermesh_world::keys::public_key("det-1", algorithm));
    }
}

#[test]
fn zip215_batches_agree_with_single_checks_on_crafted_signatures() {
    let file = vectors::all().into_iter().find(|suite| suite.name == "signature").unwrap().render();
    let crafted: Vec<_> = vectors::resolve(&file)
        .into_iter()
        .filter(|case| case["rule"] == "zip215")
        .map(|case| ["key", "message", "signature"].map(|field| unhex(case[field].as_str().unwrap())))
        .collect();
    let mut numbers = seed();
    let (mut judged, mut valid) = (0, 0);
    for _ in 0..rounds(40, 2_000) {
        let size = 1 + numbers.below(200);
        // Mostly honest ones, as in a real batch, so that the equation often holds; sometimes a crowd of crafted ones.
        let crowd = 1 + numbers.below(20);
        let picked: Vec<_> = (0..size)
            .map(|_| &crafted[if numbers.below(20) < crowd { numbers.below(crafted.len()) } else { 0 }])
            .collect();
        let items: Vec<_> = picked
            .iter()
            .map(|[key, message, signature]| Zip215Item {
                key: key.as_slice().try_into().unwrap(),
                message,
                signature: signature.as_slice().try_into().unwrap(),
            })
            .collect();
        let batch = Fast.ed25519_zip215_batch(&items);
        let single: Vec<_> = items.iter().map(|item| PureRust.ed25519_zip215(*item)).collect();
        assert_eq!(batch, single);
        judged += size;
        valid += single.iter().filter(|verdict| **verdict).count();
    }
    println!("{judged} signatures in batches, {valid} of them valid");
    assert!(valid > 0 && valid < judged);
}
