//! The genesis of a run: n validators and some spares that may join later. It does not depend on the seed, so it is
//! made once per size and thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::TimeUs;
use cybermesh_proto::agree::{Validator, ValidatorSet};
use cybermesh_proto::genesis::{AdministratorSet, Bus, Genesis, Limits, TrustedGenesis};
use cybermesh_proto::wire::{Fixed, List, Text};

use crate::keys::{Keys, SignScheme, Signer};

/// 2026-01-01T00:00:00Z in µs: virtual time 0.
pub const BEGINNING_US: u64 = 1_767_225_600_000_000;

/// Somebody with keys: a validator of the genesis or a spare.
#[derive(Clone)]
pub struct Member {
    /// Its public side.
    pub entry: Validator,
    /// Its private side.
    pub signer: Rc<dyn Signer>,
}

/// What every node of a run starts from.
pub struct Setup {
    /// The genesis.
    pub genesis: TrustedGenesis,
    /// The validators of the genesis, then the spares.
    pub members: Vec<Member>,
    /// How they sign.
    pub scheme: Rc<dyn SignScheme>,
}

/// What a setup depends on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Shape {
    /// The validators of the genesis.
    pub n: usize,
    /// Those who may join.
    pub spares: usize,
    /// K, in heights.
    pub anchor_lag: u32,
    /// How everybody signs.
    pub keys: Keys,
}

thread_local! {
    static MADE: RefCell<BTreeMap<Shape, Rc<Setup>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The setup of this shape.
#[must_use]
pub fn setup(shape: Shape) -> Rc<Setup> {
    let known = MADE.with_borrow(|made| made.get(&shape).cloned());
    known.unwrap_or_else(|| {
        let made = Rc::new(make(shape));
        MADE.with_borrow_mut(|all| all.insert(shape, Rc::clone(&made)));
        made
    })
}

fn make(Shape { n, spares, anchor_lag, keys }: Shape) -> Setup {
    let scheme = keys.scheme();
    let member = |number| {
        let (entry, signer) = scheme.validator(&format!("node-{number}"));
        Member { entry, signer }
    };
    let members: Vec<Member> = (0..n + spares).map(member).collect();
    let validators = members[..n].iter().map(|member| member.entry.clone()).collect();
    let genesis = Genesis {
        version: Genesis::VERSION,
        network: Text::new("simulator").expect("short"),
        nonce: Fixed([7; 32]),
        time_us: TimeUs::new(BEGINNING_US - 1_000_000),
        scheme: scheme.scheme(),
        bus: Bus::None,
        validators: ValidatorSet::new(validators).expect("a small set"),
        administrators: AdministratorSet {
            threshold: 1,
            keys: List::new(vec![scheme.administrator()]).expect("one"),
        },
        limits: Limits {
            event_bytes: 1024,
            batch_bytes: 128 * 1024,
            block_bytes: 16 * 1024 * 1024,
            anchor_lag,
            registry_lag: 4 * anchor_lag,
        },
        topics: List::default(),
        registry: List::default(),
        protected: List::default(),
        protocol_version: 1,
        continues: None,
    };
    let genesis = TrustedGenesis::own(genesis, scheme.check()).expect("a sound genesis");
    Setup { genesis, members, scheme }
}
