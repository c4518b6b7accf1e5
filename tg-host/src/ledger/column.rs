//! A column of whole numbers, each of which may be missing, in four bytes each as long as they are close to each other.
//!
//! The times of a run lie within days of each other, durations and counts are small: the distance from the first value
//! fits. At the first that does not, the column becomes one of ordinary numbers; nothing is lost.

/// Whole numbers or nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Distances from `base`; `i32::MIN` is nothing.
    Near {
        /// The first value.
        base: Option<i64>,
        /// The distances.
        values: Vec<i32>,
    },
    /// The numbers themselves.
    Far(Vec<Option<i64>>),
}

const MISSING: i32 = i32::MIN;

impl Default for Column {
    fn default() -> Self {
        Self::Near {
            base: None,
            values: Vec::new(),
        }
    }
}

impl Column {
    /// How many, missing ones included.
    pub fn len(&self) -> usize {
        match self {
            Self::Near { values, .. } => values.len(),
            Self::Far(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Add one.
    pub fn push(&mut self, value: Option<i64>) {
        if let Self::Near { base, values } = self {
            let near = value.map_or(Some(MISSING), |value| {
                near(*base.get_or_insert(value), value)
            });
            if let Some(near) = near {
                return values.push(near);
            }
        }
        self.far().push(value);
    }

    /// The one at `at`, which must be there.
    pub fn get(&self, at: usize) -> Option<i64> {
        match self {
            Self::Near { base, values } => match values[at] {
                MISSING => None,
                near => base.map(|base| base + i64::from(near)),
            },
            Self::Far(values) => values[at],
        }
    }

    /// The largest.
    pub fn max(&self) -> Option<i64> {
        match self {
            Self::Near { base, values } => {
                let most = values.iter().copied().max().filter(|most| *most != MISSING);
                Some((*base)? + i64::from(most?))
            }
            Self::Far(values) => values.iter().copied().max().flatten(),
        }
    }

    /// Put another in its place.
    pub fn set(&mut self, at: usize, value: Option<i64>) {
        if let (Self::Near { base, values }, Some(new)) = (&mut *self, value)
            && let Some(near) = near(*base.get_or_insert(new), new)
        {
            values[at] = near;
            return;
        }
        self.far()[at] = value;
    }

    fn far(&mut self) -> &mut Vec<Option<i64>> {
        if let Self::Near { .. } = self {
            *self = Self::Far((0..self.len()).map(|at| self.get(at)).collect());
        }
        match self {
            Self::Far(values) => values,
            Self::Near { .. } => unreachable!("it has just been made far"),
        }
    }
}

/// The distance from `base`, if it is near.
fn near(base: i64, value: i64) -> Option<i32> {
    let distance = i32::try_from(value.checked_sub(base)?).ok()?;
    (distance != MISSING).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::Column;

    #[test]
    fn what_goes_in_comes_out() {
        let ends = [
            i64::MIN,
            i64::MAX,
            0,
            i64::from(i32::MIN),
            i64::from(i32::MAX),
        ];
        for first in ends {
            let mut column = Column::default();
            let mut all = vec![None, Some(first), None, Some(first)];
            all.extend(ends.map(Some));
            for value in &all {
                column.push(*value);
            }
            let out: Vec<_> = (0..column.len()).map(|at| column.get(at)).collect();
            assert_eq!(out, all);
            assert_eq!(column.max(), Some(i64::MAX));
            column.set(0, Some(7));
            assert_eq!((column.get(0), column.get(1)), (Some(7), Some(first)));
        }
    }
}
