//! The shape of the house, checked by reading its files.
//!
//! **Promises**: who may depend on whom, how long a file may grow, that each rule of consensus has its test
//! and each test its rule, that links lead somewhere, that nothing planted for tests is in what ships, that
//! no file knows the machine it was written on.
//!
//! **Refuses** with the file, the line and what to do about it.
//!
//! There is nothing here to call: every module is a set of tests over the checkout this crate lies in.

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod homes;
#[cfg(test)]
mod ignored;
#[cfg(test)]
mod links;
#[cfg(test)]
mod lints;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod places;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod tree;
