//! Dropping what is old: whole periods, and certificates that later ones have replaced.

use std::collections::BTreeSet;

use cybermesh_proto::{Digest, Height};

use super::{ALL_BODIES, ARRIVALS, Bodies, CERTIFICATES, HEIGHTS, PERIODS, PayloadStore, Period, V};
use super::{body_key, index_key, number_key, place_body};
use crate::db::Batch;
use crate::error::StateError;
use crate::points::{self, Point};

/// 4 MiB or 4,096 rows: what one batch of dropping moves at most, so that no vote waits long behind it.
const STEP_BYTES: usize = 4 * 1024 * 1024;
const STEP_ROWS: usize = 4096;

impl PayloadStore {
    /// Drops every body that arrived before `period`, but for those named in `keep`, which move into it.
    ///
    /// In this order, each step durable: what is kept is written anew and the names of the rest go; then the ranges. A crash
    /// between two steps leaves bodies without names, which the next call drops.
    pub fn drop_below(&self, period: Period, keep: &BTreeSet<Digest>) -> Result<(), StateError> {
        let _writing = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let below = [&[V], period.0.to_be_bytes().as_slice()].concat();
        let mut batch = self.db.batch();
        let mut rows = 0;
        for row in self.db.scan(&ARRIVALS, &[V], &below)? {
            let (key, _) = row?;
            let (arrived, bodies, id) =
                arrival(&key).ok_or_else(|| StateError::damaged(ARRIVALS.name, &key, "no arrival"))?;
            self.leave(&mut batch, arrived, bodies, &id, keep.contains(&id).then_some(period))?;
            rows += 1;
            if rows == STEP_ROWS || batch.size_in_bytes() >= STEP_BYTES {
                rows = 0;
                self.db.write(std::mem::replace(&mut batch, self.db.batch()))?;
                points::reach(Point::Pruning);
            }
        }
        self.db.write(batch)?;
        for bodies in ALL_BODIES {
            self.db.drop_range(&bodies.family, &[V], &below)?;
        }
        self.db.drop_range(&ARRIVALS, &[V], &below)
    }

    /// Takes a body's name away, or moves it. One that was moved before has another period and is left alone.
    fn leave(
        &self,
        batch: &mut Batch<'_>,
        arrived: Period,
        bodies: Bodies,
        id: &Digest,
        into: Option<Period>,
    ) -> Result<(), StateError> {
        if self.period(bodies, id)? != Some(arrived) {
            return Ok(());
        }
        match into {
            Some(period) => {
                let bytes = self.db.must(&bodies.family, &body_key(arrived, id))?;
                place_body(batch, bodies, period, id, &bytes);
            }
            None => batch.delete(&PERIODS, &index_key(bodies, id)),
        }
        Ok(())
    }

    /// Drops decision certificates and the blocks of heights below `height`. Handovers hold their own certificates.
    pub fn drop_heights_below(&self, height: Height) -> Result<(), StateError> {
        let below = number_key(height.get());
        self.db.drop_range(&CERTIFICATES, &[V], &below)?;
        self.db.drop_range(&HEIGHTS, &[V], &below)
    }
}

fn arrival(key: &[u8]) -> Option<(Period, Bodies, Digest)> {
    let (period, rest) = key.get(1..)?.split_first_chunk::<4>()?;
    let (number, id) = rest.split_first()?;
    let bodies = ALL_BODIES.into_iter().find(|bodies| bodies.number == *number)?;
    Some((Period(u32::from_be_bytes(*period)), bodies, Digest::from_slice(id)?))
}
