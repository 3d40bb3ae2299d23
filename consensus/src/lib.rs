//! The pure HotStuff core: chained, two phases, votes to all, view changes with certificates (the form known as Jolteon
//! or DiemBFT v4).
//!
//! **Promises.** Two honest cores never decide different blocks at one height, whatever f of n members, the network and
//! the disks do. A statement leaves only after what it commits this node to is on disk. Once the network heals, blocks are
//! decided again.
//!
//! **Refuses.** Everything that does not arrive [`Verified`](cybermesh_proto::wire::Verified). Has no clock, randomness,
//! thread or I/O: time, signatures, disks and peers are [`Input`]s and [`Effect`]s of one function, [`Core::step`]. So one
//! and the same code is enumerated by a model checker, tortured by a simulator and run by a node.
//!
//! **What survives a crash** is the [`SafetyRecord`], kept in the file of [`record_file`], and what the stores hold of
//! blocks, results and certificates ([`Start`]). Everything else may be forgotten.
//!
//! # Words
//!
//! n validators, f = ⌊(n−1)/3⌋ of them may lie, q = ⌈(n+f+1)/2⌉ make a quorum. A **view** is one leader's turn. A block is
//! **certified** by a QC (q votes of one view), **decided** by R7, **applied** by the executor; its result, the
//! **decision**, is **certified** by q attestations. A view is **given up** by a TC (q timeouts). An **epoch** is the reign of one
//! validator set; views start from 1 in each, and its root counts as a block certified in view 0.
//!
//! ```text
//!            propose           vote             propose           vote
//!   leader v ───────▶ all ────────────▶ all: QC(v) ───────▶ all ────────────▶ all: QC(v+1), so v is decided
//!                 1 delay          2                   3                  4
//! ```
//!
//! # Rules
//!
//! Each is one predicate or arm, marked with its number, and has tests named after it.
//!
//! - **R1 propose(v)**: only the leader of v, once, on QC(v−1) or TC(v−1). The parent is the block of the newest QC; the
//!   TC goes along iff that QC is not of view v−1. Durable before it is sent; asked again, the same bytes.
//! - **R2 vote(B)**: B is of this chain and epoch, by the leader that its own chain names (R12); its parent is the block
//!   that its QC certifies; its view is the present one, above every view voted or given up before; R9 and R14 hold; the
//!   block and all its batches are verified and on disk; and its QC is of the view before, or its TC is and the QC is at
//!   least as new as the TC's highest claim. All of this is judged in the very step that changes the record.
//! - **R3 lock**: a vote raises the lock to the view of the block's QC. It binds what a timeout may claim.
//! - **R4 timeout(v)**: once per view, for the present view, claiming the newest QC, never below the lock; after it no vote
//!   in v. Sent again, with the certificates that bring others here, until acknowledged.
//! - **R5 TC**: f+1 timeouts of the view pull this node along. q timeouts by q authors, each with its own claim, and a QC
//!   no older than the highest of them, make a TC.
//! - **R6 enter** v+1 on QC(v) or TC(v), never backwards. A late QC(v) after TC(v) still counts as the newest.
//! - **R7 decide**: B0 ← B1, both certified, of consecutive views: B0 and its undecided ancestors, lowest first.
//! - **R8 persist, then release**: a statement leaves, and counts here, after a record that covers it is on disk.
//! - **R9 time**: a header is dated after its parent; not more than 2 s ahead of this clock (else it is held, never
//!   refused); and, judged once at arrival, not older than the longer of 2 s and the timeout in force.
//! - **R10 epochs**: the epoch ends at the first block whose result names another set; blocks after it are void. The next
//!   one is entered with that result applied and its certificate on disk, in one write of the record.
//! - **R11 evidence**: two different statements of one author in one slot. Other signature bytes are none.
//! - **R12 leaders**: a function of the chain that is extended ([`Quarantine`], and who missed its turns).
//! - **R13 idling**: a view timer always runs; a short one once work is known to wait. A leader proposes at once when it
//!   has something to order or to decide, else one empty block after a pause.
//! - **R14 bounded ordering**: a header names the newest certified decision its leader has applied, which must be the voter's
//!   own. Leaders order no payload above that + K, voters none above + 2K.
//! - **R15 amnesia**: before a node signs it asks the others what they hold of its signatures. One that forgot fences
//!   itself above whatever it might have signed.
//! - **R16 nobody is left behind**: what is old is answered with what is newer; what is newer makes this node ask.
//!
//! Why R2 to R7 are safe is proven at the head of the `invariants` module; why the fence of R15 is high enough, in `amnesia`.
//!
//! # How a shell drives it
//!
//! It performs the effects of a step in their order, and answers each with the input that it names. It gives a clock
//! reading ([`Input::Clock`]) before what is judged by the clock. It may take its time: the core never waits for one
//! answer to go on with another. Several records may be under way; writing the newest one is enough.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::float_arithmetic,
        clippy::iter_over_hash_type
    )
)]

mod amnesia;
mod anchor;
mod attest;
mod boot;
mod catch_up;
mod config;
mod core;
mod decide;
mod effect;
mod epoch;
mod evidence;
mod heartbeat;
mod hold;
mod input;
mod invariants;
mod lead;
mod pacemaker;
mod propose;
mod quorum;
mod recognise;
pub mod record_file;
mod release;
mod rotation;
mod safety;
mod start;
mod time;
mod tree;
mod variables;
mod view_change;
mod vote;
mod wake;

pub use config::{Config, Growth};
pub use core::{Core, Load};
pub use effect::{Alarm, Build, Effect, Halt, Misbehaviour, Outbound, To, ToSign};
pub use input::{Broken, Execution, Input, Message, Peer, SignedStatement, Timer};
pub use rotation::Quarantine;
pub use start::{Found, Start};
pub use variables::{Generation, Memory, SafetyRecord};
