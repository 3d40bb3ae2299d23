//! Quorum arithmetic for every set that is allowed.

use super::{faults, quorum};
use crate::limits::{VALIDATORS_MAX, VALIDATORS_MIN};

#[test]
fn l1_two_quorums_always_share_an_honest_node() {
    for n in VALIDATORS_MIN..=VALIDATORS_MAX {
        let (f, q) = (faults(n), quorum(n));
        assert!(2 * q - n > f, "n = {n}: two quorums may share liars only");
        assert!(q <= n - f, "n = {n}: the honest alone are no quorum");
        assert!(q > 2 * f, "n = {n}: a quorum may lack f + 1 honest ones");
        assert!(
            2 * (q - 1) - n <= f || q == n - f,
            "n = {n}: a smaller quorum would do"
        );
    }
}

#[test]
fn the_table_of_the_protocol_holds() {
    let table = [(4, 3), (5, 4), (6, 4), (7, 5), (10, 7), (31, 21), (100, 67)];
    table
        .iter()
        .for_each(|(n, q)| assert_eq!(quorum(*n), *q, "n = {n}"));
}
