//! The gamma function's logarithm, the incomplete gamma function, and the tails that follow from it.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The two-sided 95 % point of the normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// ln Γ(x) for x > 0: Stirling's series, after shifting small arguments up.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    let (mut at, mut shift) = (x, 1.0);
    while at < 15.0 {
        shift *= at;
        at += 1.0;
    }
    let inverse = 1.0 / (at * at);
    let series = (1.0 / 12.0
        - inverse * (1.0 / 360.0 - inverse * (1.0 / 1_260.0 - inverse * (1.0 / 1_680.0 - inverse / 1_188.0))))
        / at;
    (at - 0.5) * at.ln() - at + 0.5 * (2.0 * PI).ln() + series - f64::ln(shift)
}

/// The upper incomplete gamma function, regularised: Q(a, x). Series below the mean, Lentz's continued fraction above.
#[must_use]
pub fn gamma_upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut total, mut at) = (1.0 / a, 1.0 / a, a);
        while term > total * f64::EPSILON / 4.0 {
            at += 1.0;
            term *= x / at;
            total += term;
        }
        return 1.0 - front * total;
    }
    let tiny = f64::MIN_POSITIVE / f64::EPSILON;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for step in 1..1_000_000_u32 {
        let step = f64::from(step);
        let part = -step * (step - a);
        b += 2.0;
        d = part * d + b;
        if d.abs() < tiny {
            d = tiny;
        }
        c = b + part / c;
        if c.abs() < tiny {
            c = tiny;
        }
        d = 1.0 / d;
        let change = d * c;
        fraction *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    front * fraction
}

/// The chance that a χ² of so many degrees of freedom is at least this.
#[must_use]
pub fn chi_squared_tail(value: f64, freedom: u64) -> f64 {
    gamma_upper(freedom as f64 / 2.0, value / 2.0)
}

/// The chance that a standard normal number is at least this.
#[must_use]
pub fn normal_tail(z: f64) -> f64 {
    let scaled = z * FRAC_1_SQRT_2;
    let half = 0.5 * gamma_upper(0.5, scaled * scaled);
    if z >= 0.0 { half } else { 1.0 - half }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} is not {expected}");
    }

    #[test]
    fn logarithms_of_factorials() {
        near(ln_gamma(11.0), 3_628_800.0_f64.ln(), 1e-14);
        near(ln_gamma(0.5), 0.5 * PI.ln(), 1e-14);
        near(ln_gamma(1.0e6), 12_815_504.569_147_612, 1e-14);
        assert!(ln_gamma(1.0).abs() < 1e-14 && ln_gamma(2.0).abs() < 1e-14);
    }

    /// Values from scipy 1.17.
    #[test]
    fn tails() {
        for (value, freedom, expected) in CHI_SQUARED {
            near(chi_squared_tail(value, freedom), expected, 1e-9);
        }
        for (z, expected) in NORMAL {
            near(normal_tail(z), expected, 1e-11);
        }
        assert!((chi_squared_tail(0.0, 3) - 1.0).abs() < f64::EPSILON);
    }

    const CHI_SQUARED: [(f64, u64, f64); 7] = [
        (3.84, 1, 0.05004352124870519),
        (9.0, 9, 0.43727418891386693),
        (30.5, 9, 0.00036052728420356896),
        (2.0, 9, 0.9914676066288135),
        (11000.0, 11300, 0.9777348458490114),
        (13000.0, 11300, 1.9059302111234124e-27),
        (18000.0, 11715, 6.567470468186363e-275),
    ];
    const NORMAL: [(f64, f64); 6] = [
        (0.0, 0.5),
        (1.0, 0.15865525393145707),
        (1.959963984540054, 0.025),
        (-2.5, 0.9937903346742238),
        (8.0, 6.22096057427174e-16),
        (30.0, 4.906713927147908e-198),
    ];
}
