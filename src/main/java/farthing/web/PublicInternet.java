package farthing.web;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;

/** Which addresses belong to nobody's own network. */
public final class PublicInternet {

    private PublicInternet() {
    }

    public static boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        // Java turns an IPv6 address that is mapped from an IPv4 address into that.
        return switch (address) {
            case Inet4Address _ -> contains4(bytes);
            case Inet6Address _ -> contains6(bytes);
            default -> false;
        };
    }

    /** Everything but the blocks of the IANA registry of special-purpose addresses (RFC 6890), multicast and class E. */
    private static boolean contains4(byte[] address) {
        int a = address[0] & 0xff;
        int b = address[1] & 0xff;
        int c = address[2] & 0xff;
        return switch (a) {
            case 0, 10, 127 -> false;
            case 100 -> b < 64 || b > 127;
            case 169 -> b != 254;
            case 172 -> b < 16 || b > 31;
            case 192 -> b != 168 && !(b == 0 && (c == 0 || c == 2)) && !(b == 88 && c == 99);
            case 198 -> b != 18 && b != 19 && !(b == 51 && c == 100);
            case 203 -> !(b == 0 && c == 113);
            default -> a < 224;
        };
    }

    /** Global unicast alone, without what leads to an IPv4 address (6to4, Teredo) or is there for examples. */
    private static boolean contains6(byte[] address) {
        int first = (address[0] & 0xff) << 8 | address[1] & 0xff;
        int second = (address[2] & 0xff) << 8 | address[3] & 0xff;
        boolean global = (first & 0xe000) == 0x2000;
        boolean special = first == 0x2001 && (second < 0x200 || second == 0xdb8) || first == 0x2002
                || first == 0x3fff && second < 0x1000;
        return global && !special;
    }
}
