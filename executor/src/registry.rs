//! Keys that come, change and end. A key that was ever in use, anywhere, is never taken again.

use cybermesh_proto::agree::Validator;
use cybermesh_proto::event::Demand;
use cybermesh_proto::genesis::{Reach, Role};
use cybermesh_proto::keys::{Algorithm, KeyBundle, SignatureCheck};
use cybermesh_proto::wire::{List, Text};
use cybermesh_proto::{Code, Height, Kid};

use crate::rows::{Bundle, Conduct, KeyPart, KeyRow, Space, Terms, keys};
use crate::run::Run;
use crate::state::State;
use crate::view::{View, ViewError};

/// A registered key as a batch is checked against it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// What it is for.
    pub role: Role,
    /// The tenant it speaks for.
    pub tenant: Text<64>,
    /// What it may do.
    pub terms: Terms,
    /// Its public keys.
    pub bundle: KeyBundle,
}

/// A key as the registry had it after a height, read from the state of that height or any later one.
pub fn known_at(view: &dyn View, kid: &Kid, height: Height) -> Result<Option<Known>, ViewError> {
    let Some(row) = crate::rows::read::<KeyRow>(view, &keys::by_kid(Space::Keys, kid))? else {
        return Ok(None);
    };
    let Some(terms) = row.at(height).cloned() else { return Ok(None) };
    let bundle = crate::rows::read::<Bundle>(view, &keys::by_kid(Space::Bundles, kid))?;
    let missing = || ViewError(format!("the key {kid} has no bundle"));
    Ok(Some(Known { role: row.role, tenant: row.tenant, terms, bundle: bundle.ok_or_else(missing)?.0 }))
}

/// A key about to be registered.
pub(crate) struct Candidate {
    pub(crate) role: Role,
    pub(crate) tenant: Text<64>,
    pub(crate) subject: Text<64>,
    pub(crate) bundle: KeyBundle,
    pub(crate) types: List<Text<256>, 64>,
    pub(crate) demand: Demand,
    pub(crate) standing_bp: u16,
    pub(crate) reach: Reach,
}

/// Registers a key, or says why not.
pub(crate) fn register(run: &mut Run<'_>, key: Candidate) -> Result<Option<Code>, ViewError> {
    if !is_sound(&key, run.signatures) {
        return Ok(Some(Code::GovernanceKeyUnsound));
    }
    if any_in_use(&mut run.state, &parts_of(&key.bundle))? {
        return Ok(Some(Code::GovernanceKeyExists));
    }
    put(&mut run.state, run.height, key)?;
    Ok(None)
}

/// Writes a key that was judged already.
pub(crate) fn put(state: &mut State<'_>, height: Height, key: Candidate) -> Result<(), ViewError> {
    let kid = key.bundle.kid();
    let terms = Terms {
        from: height,
        types: key.types,
        demand: key.demand,
        standing_bp: key.standing_bp,
        reach: key.reach,
    };
    let terms = List::new(vec![terms]).unwrap_or_default();
    let row = KeyRow { role: key.role, tenant: key.tenant, subject: key.subject, terms, end: None };
    take_parts(state, height, &parts_of(&key.bundle))?;
    state.put(keys::by_kid(Space::Keys, &kid), row)?;
    state.put(keys::by_kid(Space::Bundles, &kid), Bundle(key.bundle))
}

/// The row of a key that has not ended.
pub(crate) fn live(run: &mut Run<'_>, kid: &Kid) -> Result<Option<KeyRow>, ViewError> {
    let height = run.height;
    let row = run.state.get::<KeyRow>(&keys::by_kid(Space::Keys, kid))?;
    Ok(row.filter(|row| row.end.is_none_or(|end| end > height)).cloned())
}

/// Gives a key's successor the conduct that the key has come to.
pub(crate) fn inherit_conduct(run: &mut Run<'_>, old: &Kid, new: &Kid) -> Result<(), ViewError> {
    let Conduct { bp, .. } = run.state.get_or_default(&keys::by_kid(Space::Conduct, old))?;
    let conduct = Conduct { bp, ..Conduct::default() };
    if conduct == Conduct::default() {
        Ok(())
    } else {
        run.state.put(keys::by_kid(Space::Conduct, new), conduct)
    }
}

/// Whether a bundle may stand for what it is meant for: no weak key, and a post-quantum half unless it is spared;
/// only producers are.
fn is_sound(key: &Candidate, signatures: &dyn SignatureCheck) -> bool {
    let enough = match key.demand {
        Demand::WholeBundle => is_hybrid(&key.bundle),
        Demand::Ed25519 => key.role == Role::Producer,
    };
    enough && key.bundle.check_for_registration(signatures).is_ok()
}

/// Whether a bundle has a post-quantum half.
pub(crate) fn is_hybrid(bundle: &KeyBundle) -> bool {
    bundle.keys().iter().any(|one| one.algorithm != Algorithm::Ed25519)
}

/// The public keys of a bundle.
pub(crate) fn parts_of(bundle: &KeyBundle) -> Vec<Vec<u8>> {
    bundle.keys().iter().map(|one| keys::key_part(one.algorithm, one.key.as_slice())).collect()
}

/// The public keys of a validator.
pub(crate) fn parts_of_validator(validator: &Validator) -> Vec<Vec<u8>> {
    vec![
        keys::key_part(Algorithm::Ed25519, &validator.ed25519.0),
        keys::key_part(Algorithm::Ed25519, &validator.libp2p.0),
        keys::key_part(Algorithm::MlDsa65, &validator.ml_dsa_65.0),
        keys::key_part(Algorithm::MlDsa44, &validator.ml_dsa_44.0),
    ]
}

pub(crate) fn any_in_use(state: &mut State<'_>, parts: &[Vec<u8>]) -> Result<bool, ViewError> {
    for part in parts {
        if state.get::<KeyPart>(part)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn take_parts(state: &mut State<'_>, since: Height, parts: &[Vec<u8>]) -> Result<(), ViewError> {
    parts.iter().try_for_each(|part| state.put(part.clone(), KeyPart { since }))
}
