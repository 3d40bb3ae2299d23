//! Signature lists of protobuf messages: their order, their lengths, and who must have signed.

use super::pb::event::v1::Signature;
use crate::keys::{Algorithm, KeyBundle, SignatureCheck};
use crate::refusal::ensure;
use crate::{Code, Kid, Refusal};

/// One half of a signature, of known algorithm and right length.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Half {
    /// Who signed.
    pub kid: Kid,
    /// With which algorithm.
    pub algorithm: Algorithm,
    /// The signature.
    pub bytes: Vec<u8>,
}

/// Reads a list of signatures: known algorithms, right lengths, strictly ascending by (kid, algorithm).
pub(crate) fn signature_halves(list: Vec<Signature>, most: usize, code: Code) -> Result<Vec<Half>, Refusal> {
    ensure((1..=most).contains(&list.len()), code, || format!("{} signatures", list.len()).into())?;
    let halves = list.into_iter().map(|signature| half(signature, code)).collect::<Result<Vec<_>, _>>()?;
    let place = |half: &Half| (half.kid, half.algorithm);
    let ascending = halves.windows(2).all(|pair| matches!(pair, [a, b] if place(a) < place(b)));
    ensure(ascending, code, || "signatures not ascending, or an algorithm twice".into())?;
    Ok(halves)
}

fn half(signature: Signature, code: Code) -> Result<Half, Refusal> {
    let kid = crate::Digest::from_slice(&signature.kid).map(Kid);
    let kid = kid.ok_or_else(|| Refusal::new(code, "a key id that is not 32 bytes"))?;
    let algorithm = u32::try_from(signature.alg).ok().and_then(Algorithm::from_number);
    let algorithm = algorithm.ok_or_else(|| Refusal::new(code, "an unknown signature algorithm"))?;
    let (found, expected) = (signature.sig.len(), algorithm.signature_bytes());
    ensure(found == expected, code, || {
        format!("{} of {found} bytes, not {expected}", algorithm.name()).into()
    })?;
    Ok(Half { kid, algorithm, bytes: signature.sig })
}

/// Puts finished signatures into a list in their order.
#[must_use]
pub fn signature_list(kid: Kid, signatures: Vec<(Algorithm, Vec<u8>)>) -> Vec<Signature> {
    let mut signatures = signatures;
    signatures.sort_by_key(|(algorithm, _)| *algorithm);
    let entry = |(algorithm, sig): (Algorithm, Vec<u8>)| Signature {
        kid: kid.0.as_bytes().to_vec(),
        alg: i32::from(u8::from(algorithm)),
        sig,
    };
    signatures.into_iter().map(entry).collect()
}

/// Checks that one signer signed with every key of its bundle, by the strict rule.
pub(crate) fn check_all_of_bundle(
    bundle: &KeyBundle,
    halves: &[&Half],
    message: &[u8],
    signatures: &dyn SignatureCheck,
) -> Result<(), Refusal> {
    let have = halves.iter().map(|half| half.algorithm);
    let complete = have.eq(bundle.keys().iter().map(|key| key.algorithm));
    ensure(complete, Code::AuthnDenyHalfMissing, || "not one signature for each key of the bundle".into())?;
    halves.iter().try_for_each(|half| {
        let key = bundle.key(half.algorithm).unwrap_or_default();
        let holds = check_half(half.algorithm, key, message, &half.bytes, signatures);
        ensure(holds, Code::AuthnDenySignature, || format!("the {} half", half.algorithm.name()).into())
    })
}

/// Checks a finished list against a bundle: for administrators, operators and holders of evidence.
pub fn check_by_bundle(
    bundle: &KeyBundle,
    list: Vec<Signature>,
    message: &[u8],
    signatures: &dyn SignatureCheck,
) -> Result<(), Refusal> {
    let halves = signature_halves(list, crate::limits::SIGNATURES_MAX, Code::AuthnDenySignatureList)?;
    let kid = bundle.kid();
    ensure(halves.iter().all(|half| half.kid == kid), Code::AuthnDenyOtherKey, || {
        "signed by another key".into()
    })?;
    check_all_of_bundle(bundle, &halves.iter().collect::<Vec<_>>(), message, signatures)
}

fn check_half(
    algorithm: Algorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
    signatures: &dyn SignatureCheck,
) -> bool {
    match algorithm.ml_dsa() {
        Some(level) => signatures.ml_dsa(level, key, message, signature),
        None => match (key.try_into(), signature.try_into()) {
            (Ok(key), Ok(signature)) => signatures.ed25519_strict(key, message, signature),
            _ => false,
        },
    }
}
