//! Bare signatures and keys: where libraries differ, and what this product says.

use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use cybermesh_proto::keys::{Algorithm, KeyBundle};
use cybermesh_proto::wire::{Blob, encode_canonical};
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use super::case::unhex;
use super::{Case, Suite};
use crate::keys::{public_key, sign};

const RULES: [(Algorithm, &str); 3] =
    [(Algorithm::MlDsa44, "ml-dsa-44"), (Algorithm::MlDsa65, "ml-dsa-65"), (Algorithm::MlDsa87, "ml-dsa-87")];

fn case(name: &str, rule: &str, parts: (&[u8], &[u8], &[u8]), valid: bool) -> Case {
    Case::new(format!("{rule}: {name}"))
        .with("rule", rule)
        .bytes("key", parts.0)
        .bytes("message", parts.1)
        .bytes("signature", parts.2)
        .with("valid", valid)
}

/// An Ed25519 signature made by hand, with a point of small order added to key and commitment.
#[derive(Clone)]
struct Crafted {
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
    challenge: Scalar,
}

fn crafted(key_torsion: EdwardsPoint, commitment_torsion: EdwardsPoint, message: &[u8]) -> Crafted {
    let secret = Scalar::from_bytes_mod_order([3; 32]);
    let nonce = Scalar::from_bytes_mod_order([5; 32]);
    let key = (&secret * ED25519_BASEPOINT_TABLE + key_torsion).compress().to_bytes();
    let commitment = (&nonce * ED25519_BASEPOINT_TABLE + commitment_torsion).compress().to_bytes();
    let hash = Sha512::new().chain_update(commitment).chain_update(key).chain_update(message).finalize();
    let challenge = Scalar::from_bytes_mod_order_wide(&hash.into());
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&commitment);
    signature[32..].copy_from_slice((nonce + challenge * secret).as_bytes());
    Crafted { key, message: message.to_vec(), signature, challenge }
}

fn both(name: &str, made: &Crafted, zip215: bool, strict: bool) -> [Case; 2] {
    let parts = (made.key.as_slice(), made.message.as_slice(), made.signature.as_slice());
    [case(name, "zip215", parts, zip215), case(name, "strict", parts, strict)]
}

/// A message for which the challenge is (or is not) a multiple of eight, so that torsion in the key vanishes.
fn message_with(torsion: EdwardsPoint, vanishes: bool) -> Crafted {
    (0_u32..)
        .map(|number| crafted(torsion, EdwardsPoint::default(), format!("message {number}").as_bytes()))
        .find(|made| (made.challenge.as_bytes()[0] % 8 == 0) == vanishes)
        .expect("one message in eight")
}

pub(super) fn signatures() -> Suite {
    let none = EdwardsPoint::default();
    let torsion = EIGHT_TORSION[1];
    let honest = crafted(none, none, b"an honest message");
    let mut cases = Vec::new();
    cases.extend(both("honest", &honest, true, true));
    cases.extend(both("mixed-order commitment", &crafted(none, torsion, b"mixed R"), true, false));
    cases.extend(both("mixed-order key, torsion shows", &message_with(torsion, false), true, false));
    cases.extend(both("mixed-order key, torsion vanishes", &message_with(torsion, true), true, true));
    cases.extend(altered(&honest));
    cases.extend(small_order());
    for (algorithm, rule) in RULES {
        cases.extend(post_quantum(algorithm, rule));
    }
    let old: Value = serde_json::from_str(include_str!("dilithium2_round3.json")).unwrap();
    let field = |key: &str| unhex(old[key].as_str().unwrap());
    let (key, message, signature) = (field("key"), field("message"), field("signature"));
    cases.extend(disguised());
    cases.push(case("round-3 Dilithium2", "ml-dsa-44", (&key, &message, &signature), false));
    Suite::new("signature", cases)
}

fn altered(honest: &Crafted) -> Vec<Case> {
    let with = |name: &str, change: &dyn Fn(&mut Crafted)| {
        let mut made = honest.clone();
        change(&mut made);
        both(name, &made, false, false)
    };
    // ℓ, the order of the base point, little endian: s + ℓ is the same number to a lax verifier.
    let order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    [
        with("another message", &|made| made.message.push(b'!')),
        with("a bit of the key", &|made| made.key[0] ^= 1),
        with("a bit of the commitment", &|made| made.signature[0] ^= 1),
        with("a bit of the response", &|made| made.signature[32] ^= 1),
        with("response not reduced", &|made| {
            let mut carry = 0_u16;
            for (byte, add) in made.signature[32..].iter_mut().zip(&order) {
                carry += u16::from(*byte) + u16::from(*add);
                *byte = carry.to_le_bytes()[0];
                carry >>= 8;
            }
        }),
        with("key that is no point", &|made| made.key = [2; 32]),
    ]
    .concat()
}

/// Keys that a lax parser takes for something else: a bare key that begins like the header of another level, and a
/// key that comes with its own header.
fn disguised() -> Vec<Case> {
    let header = unhex("308207b2300b0609608648016503040312038207a100");
    let (key, message) = (public_key("det-1", Algorithm::MlDsa65), b"what was signed".as_slice());
    let signature = sign("det-1", Algorithm::MlDsa65, message, &[]);
    let wrapped = [header.as_slice(), key.as_slice()].concat();
    let (bare, signature_of_bare) =
        crate::keys::null_pair(&unhex("30820532300b06096086480165030403110382052100"), message);
    vec![
        case("key in its header", "ml-dsa-65", (&wrapped, message, &signature), false),
        case("bare key that begins like a header", "ml-dsa-65", (&bare, message, &signature_of_bare), true),
    ]
}

/// Under a key of small order one signature fits every message, by the lax rule.
fn small_order() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, point) in EIGHT_TORSION.iter().enumerate() {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&point.compress().to_bytes());
        let key = point.compress().to_bytes();
        let made = Crafted { key, message: b"any message".to_vec(), signature, challenge: Scalar::ZERO };
        cases.extend(both(&format!("small order {number}, response nought"), &made, true, false));
    }
    // p + 1 encodes the neutral element once more: y = 1, not reduced.
    let mut unreduced = [0xff; 32];
    unreduced[0] = 0xee;
    unreduced[31] = 0x7f;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&unreduced);
    let made =
        Crafted { key: unreduced, message: b"any message".to_vec(), signature, challenge: Scalar::ZERO };
    cases.extend(both("neutral element, not reduced", &made, true, false));
    cases
}

fn post_quantum(algorithm: Algorithm, rule: &str) -> Vec<Case> {
    let (key, message) = (public_key("det-1", algorithm), b"what was signed".as_slice());
    let signature = sign("det-1", algorithm, message, &[]);
    let other = public_key("det-2", algorithm);
    let context = sign("det-1", algorithm, message, b"context");
    let mut flipped = signature.clone();
    flipped[100] ^= 4;
    let mut hints = signature.clone();
    *hints.last_mut().unwrap() ^= 0x80;
    vec![
        case("honest", rule, (&key, message, &signature), true),
        case("another message", rule, (&key, b"what was not signed", &signature), false),
        case("another key", rule, (&other, message, &signature), false),
        case("non-empty context", rule, (&key, message, &context), false),
        case("a bit of the signature", rule, (&key, message, &flipped), false),
        case("a bit of the hints", rule, (&key, message, &hints), false),
        case("a byte short", rule, (&key, message, &signature[1..]), false),
        case("key a byte short", rule, (&key[1..], message, &signature), false),
        case("empty signature", rule, (&key, message, &[]), false),
    ]
}

pub(super) fn keys() -> Suite {
    let of = |name: &str, key: [u8; 32], sound: bool| Case::new(name).bytes("key", &key).with("sound", sound);
    let honest = crafted(EdwardsPoint::default(), EdwardsPoint::default(), b"").key;
    let mut cases = vec![of("honest", honest, true)];
    for (number, torsion) in EIGHT_TORSION.iter().enumerate() {
        cases.push(of(&format!("small order {number}"), torsion.compress().to_bytes(), false));
        if number > 0 {
            cases.push(of(
                &format!("mixed order {number}"),
                crafted(*torsion, EdwardsPoint::default(), b"").key,
                false,
            ));
        }
    }
    let mut unreduced = [0xff; 32];
    unreduced[0] = 0xee;
    unreduced[31] = 0x7f;
    cases.push(of("not reduced", unreduced, false));
    let mut negative_nought = [0; 32];
    (negative_nought[0], negative_nought[31]) = (1, 0x80);
    cases.push(of("negative nought", negative_nought, false));
    cases.push(of("no point", [2; 32], false));
    Suite::new("key", cases)
}

pub(super) fn bundles() -> Suite {
    let key = |algorithm| (algorithm, public_key("det-1", algorithm));
    let hybrid = KeyBundle::new(vec![key(Algorithm::Ed25519), key(Algorithm::MlDsa44)]).unwrap();
    let full = KeyBundle::new(Algorithm::ALL.map(key).to_vec()).unwrap();
    let bare = KeyBundle::new(vec![key(Algorithm::MlDsa44)]).unwrap();
    let weak = EIGHT_TORSION[2].compress().to_bytes().to_vec();
    let weak = KeyBundle::new(vec![(Algorithm::Ed25519, weak), key(Algorithm::MlDsa44)]).unwrap();
    let null = crate::keys::null_pair(&[7; 32], b"").0;
    let null = KeyBundle::new(vec![key(Algorithm::Ed25519), (Algorithm::MlDsa65, null)]).unwrap();
    let good = |name: &str, bundle: &KeyBundle, registration: &str| {
        Case::new(name)
            .bytes("bytes", &encode_canonical(bundle))
            .with("expect", "ok")
            .bytes("kid", bundle.kid().0.as_bytes())
            .with("registration", registration)
    };
    let bad = |name: &str, bytes: Vec<u8>, expect: &str| {
        Case::new(name).bytes("bytes", &bytes).with("expect", expect)
    };
    let pairs = |keys: &[(u8, Vec<u8>)]| {
        let keys: Vec<_> =
            keys.iter().map(|(a, key)| (*a, Blob::<8192>::new(key.clone()).unwrap())).collect();
        encode_canonical(&keys)
    };
    let raw = |algorithm: Algorithm| (u8::from(algorithm), public_key("det-1", algorithm));
    let cases = vec![
        good("hybrid", &hybrid, "ok"),
        good("all four algorithms", &full, "ok"),
        good("no classical half", &bare, "key.bundle"),
        good("weak classical half", &weak, "key.weak"),
        good("null post-quantum half", &null, "key.weak"),
        bad("empty", pairs(&[]), "key.bundle"),
        bad("descending", pairs(&[raw(Algorithm::MlDsa44), raw(Algorithm::Ed25519)]), "key.bundle"),
        bad("one algorithm twice", pairs(&[raw(Algorithm::Ed25519), raw(Algorithm::Ed25519)]), "key.bundle"),
        bad("unknown algorithm", pairs(&[(5, vec![0; 32])]), "wire.malformed"),
        bad("key of another level", pairs(&[(2, public_key("det-1", Algorithm::MlDsa65))]), "key.length"),
        bad("key a byte short", pairs(&[(1, vec![1; 31])]), "key.length"),
    ];
    Suite::new("bundle", cases)
}
