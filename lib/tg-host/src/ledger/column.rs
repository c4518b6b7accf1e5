//! A column of optional whole numbers: four bytes each as long as they are close to each other, and no memory as long as
//! they are equal.
//!
//! The times of a run lie within weeks of each other, durations and counts are small: the distance from the first value
//! fits. At the first value that does not fit, the column changes to six bytes each, which hold four thousand years, and
//! then to ordinary numbers; nothing is lost. Most of the slots are never used.

/// Optional whole numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Column {
    /// Equal values; `room` is the capacity to allocate later.
    Same {
        value: Option<i64>,
        count: usize,
        room: usize,
    },
    /// Distances from `base`, the first value; `i32::MIN` is none.
    Near { base: Option<i64>, values: Vec<i32> },
    /// Distances from `base`, the first value or 0: their lower 32 bits, and 16 above them; `i16::MIN` is none.
    Middle {
        base: i64,
        low: Vec<u32>,
        high: Vec<i16>,
    },
    /// The numbers themselves.
    Far(Vec<Option<i64>>),
}

const MISSING: i32 = i32::MIN;

impl Default for Column {
    fn default() -> Self {
        Self::Same {
            value: None,
            count: 0,
            room: 0,
        }
    }
}

impl Column {
    /// The number of values, missing ones included.
    pub fn len(&self) -> usize {
        match self {
            Self::Same { count, .. } => *count,
            Self::Near { values, .. } => values.len(),
            Self::Middle { low, .. } => low.len(),
            Self::Far(values) => values.len(),
        }
    }

    /// Remembers the expected length; allocates nothing yet.
    pub fn reserve(&mut self, many: usize) {
        if let Self::Same { room, .. } = self {
            *room = many;
        }
    }

    pub fn push(&mut self, value: Option<i64>) {
        if let Self::Same {
            value: same, count, ..
        } = self
        {
            if *count == 0 || *same == value {
                (*same, *count) = (value, *count + 1);
                return;
            }
            self.spread();
        }
        if let Self::Near { base, values } = self {
            let near = value.map_or(Some(MISSING), |value| {
                near(*base.get_or_insert(value), value)
            });
            if let Some(near) = near {
                return values.push(near);
            }
        }
        self.widen(value);
        match self {
            Self::Middle { base, low, high } => {
                let (lower, upper) = halves(*base, value).unwrap_or((0, NOTHING));
                low.push(lower);
                high.push(upper);
            }
            Self::Far(values) => values.push(value),
            Self::Same { .. } | Self::Near { .. } => unreachable!("it has just been widened"),
        }
    }

    pub fn get(&self, at: usize) -> Option<i64> {
        match self {
            Self::Same { value, .. } => *value,
            Self::Near { base, values } => match values[at] {
                MISSING => None,
                near => base.map(|base| base + i64::from(near)),
            },
            Self::Middle { base, low, high } => whole(*base, low[at], high[at]),
            Self::Far(values) => values[at],
        }
    }

    pub fn max(&self) -> Option<i64> {
        match self {
            Self::Same { value, .. } => *value,
            Self::Near { base, values } => {
                let most = values.iter().copied().max().filter(|most| *most != MISSING);
                Some((*base)? + i64::from(most?))
            }
            Self::Middle { .. } => (0..self.len()).filter_map(|at| self.get(at)).max(),
            Self::Far(values) => values.iter().copied().max().flatten(),
        }
    }

    pub fn set(&mut self, at: usize, value: Option<i64>) {
        if self.get(at) == value {
            return;
        }
        self.spread();
        if let (Self::Near { base, values }, Some(new)) = (&mut *self, value)
            && let Some(near) = near(*base.get_or_insert(new), new)
        {
            values[at] = near;
            return;
        }
        self.widen(value);
        match self {
            Self::Middle { base, low, high } => {
                (low[at], high[at]) = halves(*base, value).unwrap_or((0, NOTHING));
            }
            Self::Far(values) => values[at] = value,
            Self::Same { .. } | Self::Near { .. } => unreachable!("it has just been widened"),
        }
    }

    /// Stores each value separately, if they are equal.
    fn spread(&mut self) {
        let Self::Same { value, count, room } = *self else {
            return;
        };
        let mut values = Vec::with_capacity(room.max(count + 1));
        values.resize(count, value.map_or(MISSING, |_| 0));
        *self = Self::Near {
            base: value,
            values,
        };
    }

    /// Makes the column as wide as `value` needs, and wider than `Near`.
    fn widen(&mut self, value: Option<i64>) {
        let fits = |base: i64| value.is_none_or(|_| halves(base, value).is_some());
        match self {
            Self::Far(_) => {}
            Self::Middle { base, .. } if fits(*base) => {}
            Self::Near { base, .. } if fits(base.unwrap_or(0)) => {
                let base = base.unwrap_or(0);
                let all = (0..self.len()).map(|at| self.get(at));
                let all = all.map(|value| halves(base, value).unwrap_or((0, NOTHING)));
                let (low, high) = all.unzip();
                *self = Self::Middle { base, low, high };
            }
            _ => *self = Self::Far((0..self.len()).map(|at| self.get(at)).collect()),
        }
    }
}

const NOTHING: i16 = i16::MIN;

/// The lower 32 bits of the distance from `base`, and the 16 bits above them, unless it is missing or too far.
fn halves(base: i64, value: Option<i64>) -> Option<(u32, i16)> {
    let distance = value?.checked_sub(base)?;
    let high = i16::try_from(distance >> 32).ok()?;
    (high != NOTHING).then_some((distance as u32, high))
}

fn whole(base: i64, low: u32, high: i16) -> Option<i64> {
    (high != NOTHING).then(|| base + (i64::from(high) << 32 | i64::from(low)))
}

/// The distance from `base`, if it fits.
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
            check_weeks(first);
            assert_eq!(column.max(), Some(i64::MAX));
            let mut same = Column::default();
            for _ in 0..3 {
                same.push(Some(first));
            }
            assert!(matches!(same, Column::Same { count: 3, .. }));
            same.set(1, None);
            let out: Vec<_> = (0..same.len()).map(|at| same.get(at)).collect();
            assert_eq!(out, [Some(first), None, Some(first)]);
            assert_eq!(same.max(), Some(first));
            column.set(0, Some(7));
            assert_eq!((column.get(0), column.get(1)), (Some(7), Some(first)));
        }
    }

    /// Checks times that lie weeks and centuries from `first`, as far as they exist.
    fn check_weeks(first: i64) {
        let far = 1_i64 << 46;
        let distances = [0, 1, -1, 1 << 31, -(1 << 31), 1 << 40, -far, far];
        let times = distances.map(|distance| first.checked_add(distance));
        let mut column = Column::default();
        for time in times {
            column.push(time);
        }
        assert!(matches!(column, Column::Middle { .. }), "{column:?}");
        let out: Vec<_> = (0..column.len()).map(|at| column.get(at)).collect();
        assert_eq!(out, times);
        assert_eq!(column.max(), times.into_iter().max().flatten());
        column.set(1, None);
        column.set(2, first.checked_sub(far));
        assert_eq!(
            (column.get(1), column.get(2)),
            (None, first.checked_sub(far))
        );
        assert!(matches!(column, Column::Middle { .. }));
    }
}
