//! Quorum arithmetic for every set that is allowed.

use super::{check_quorum, faults, quorum};
use crate::Code;
use crate::limits::{VALIDATORS_MAX, VALIDATORS_MIN};

#[test]
fn l1_two_quorums_always_share_an_honest_node() {
    for n in VALIDATORS_MIN..=VALIDATORS_MAX {
        let (f, q) = (faults(n), quorum(n));
        assert!(2 * q - n > f, "n = {n}: two quorums may share liars only");
        assert!(q <= n - f, "n = {n}: the honest alone are no quorum");
        assert!(q > 2 * f, "n = {n}: a quorum may lack f + 1 honest ones");
        assert!(2 * (q - 1) - n <= f || q == n - f, "n = {n}: a smaller quorum would do");
    }
}

#[test]
fn the_table_of_the_protocol_holds() {
    let table = [(4, 3), (5, 4), (6, 4), (7, 5), (10, 7), (31, 21), (100, 67)];
    table.iter().for_each(|(n, q)| assert_eq!(quorum(*n), *q, "n = {n}"));
}

#[test]
fn unsafe_quorum_is_refused_at_start() {
    for (n, configured) in [(5, 3), (4, 2), (4, 4), (7, 4), (31, 20)] {
        assert_eq!(check_quorum(n, configured).map_err(|refusal| refusal.code), Err(Code::QuorumUnsafe));
    }
    assert!(check_quorum(5, 4).is_ok());
}
