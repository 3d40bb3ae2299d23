//! Every lie about a receipt is refused with the code of its kind, by both implementations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;

use cybermesh_keys::Fast;
use cybermesh_proto::keys::SignatureCheck;
use cybermesh_verify::{EpochMemory, PureRust, Trust, verify_receipt};
use cybermesh_world::lies::{Lie, lies};

fn refused(lie: &Lie, check: &dyn SignatureCheck) -> &'static str {
    let memory = lie.memory.as_ref().map(|bytes| EpochMemory::from_bytes(bytes, lie.chain)).transpose();
    let verdict = memory.and_then(|memory| {
        let trust = Trust { chain: lie.chain, memory: memory.as_ref(), producer: None };
        verify_receipt(&lie.bytes, trust, check)
    });
    verdict.map_or_else(|refusal| refusal.code.name(), |_| "believed")
}

#[test]
fn every_lie_is_refused_with_its_code() {
    let mut by_code: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for lie in lies() {
        for check in [&PureRust as &dyn SignatureCheck, &Fast] {
            assert_eq!(refused(&lie, check), lie.expect.name(), "{}", lie.name);
        }
        by_code.entry(lie.expect.name()).or_default().push(lie.name);
    }
    for (code, names) in &by_code {
        println!("{code}");
        names.iter().for_each(|name| println!("    {name}"));
    }
    println!("{} lies, {} codes", by_code.values().map(Vec::len).sum::<usize>(), by_code.len());
}
