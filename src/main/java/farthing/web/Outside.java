package farthing.web;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Objects;

import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;

/**
 * How this server reaches a host that somebody else named: no address of its own networks, whatever the name leads to. A name
 * is
 * looked up once, each of its addresses is judged, and the connection goes to what was judged.
 */
public final class Outside {

    /** What a host name leads to. */
    public interface Resolver {
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    /** Judged before and after connecting. */
    public static final class NotPublic extends IOException {
        private NotPublic() {
            super("an address in a private network, which this server does not ask");
        }
    }

    private final Resolver resolver;
    private final boolean allowPrivate;

    /** @param allowPrivate whether any address will do */
    public Outside(Resolver resolver, boolean allowPrivate) {
        this.resolver = resolver;
        this.allowPrivate = allowPrivate;
    }

    /** @throws NotPublic if one of them is */
    public InetAddress[] addressesOf(URI url) throws UnknownHostException, NotPublic {
        InetAddress[] addresses = resolver.resolve(host(url));
        for (InetAddress address : addresses) {
            require(address);
        }
        return addresses;
    }

    /** Where a connection really leads. */
    public void check(SocketAddress reached) throws UnknownHostException, NotPublic {
        require(InetAddress.getByName(reached.hostAddress()));
    }

    private void require(InetAddress address) throws NotPublic {
        if (!allowPrivate && !PublicInternet.contains(address)) {
            throw new NotPublic();
        }
    }

    /** Leads to the address alone; the certificate must be valid for the host's name. */
    public static RequestOptions request(URI url, InetAddress address) {
        boolean tls = "https".equals(url.getScheme());
        int port = url.getPort() >= 0 ? url.getPort() : tls ? 443 : 80;
        String query = url.getRawQuery() == null ? "" : "?" + url.getRawQuery();
        return new RequestOptions().setHost(host(url)).setPort(port).setSsl(tls)
                .setServer(SocketAddress.inetSocketAddress(port, address.getHostAddress()))
                .setURI((url.getRawPath().isEmpty() ? "/" : url.getRawPath()) + query)
                .putHeader("Host", url.getRawAuthority());
    }

    /** An IPv6 address without its brackets. */
    private static String host(URI url) {
        return Objects.requireNonNull(url.getHost()).replaceAll("^\\[|]$", "");
    }
}
