use std::net::IpAddr;

/// A network that media may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// None if the prefix is longer than the address.
    pub fn new(address: IpAddr, prefix_bits: u8) -> Option<Self> {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        (prefix_bits <= longest).then_some(Self { address, prefix_bits })
    }

    /// Whether the address lies in the network. IPv4-mapped addresses are given as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(mine), IpAddr::V4(its)) => {
                let differ = u128::from(u32::from(mine) ^ u32::from(its));
                same_prefix(differ, 32, self.prefix_bits)
            }
            (IpAddr::V6(mine), IpAddr::V6(its)) => {
                same_prefix(u128::from(mine) ^ u128::from(its), 128, self.prefix_bits)
            }
            _ => false,
        }
    }
}

fn same_prefix(differ: u128, address_bits: u8, prefix_bits: u8) -> bool {
    differ.checked_shr(u32::from(address_bits - prefix_bits)).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str, prefix_bits: u8) -> Network {
        Network::new(address.parse().unwrap(), prefix_bits).unwrap()
    }

    #[test]
    fn an_address_is_in_its_network_and_in_no_other() {
        let cases = [
            ("192.0.2.0", 24, "192.0.2.255", true),
            ("192.0.2.0", 24, "192.0.3.0", false),
            ("192.0.2.7", 32, "192.0.2.7", true),
            ("0.0.0.0", 0, "203.0.113.9", true),
            ("0.0.0.0", 0, "2001:db8::1", false),
            ("2001:db8::", 32, "2001:db8:ffff::1", true),
            ("2001:db8::", 32, "2001:db9::1", false),
            ("::", 0, "2001:db8::1", true),
        ];
        for (mine, bits, its, expected) in cases {
            assert_eq!(
                network(mine, bits).contains(its.parse().unwrap()),
                expected,
                "{mine} {its}"
            );
        }
    }

    #[test]
    fn a_prefix_longer_than_the_address_is_refused() {
        assert_eq!(Network::new("192.0.2.0".parse().unwrap(), 33), None);
    }
}
