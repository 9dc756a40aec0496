import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.opensearch.Version;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One node of OpenSearch, a cluster by itself on 127.0.0.1, until it is asked to end. Its arguments are settings of OpenSearch,
 * such as {@code path.home=/tmp/x http.port=9200}, or {@code --version}.
 */
public final class OpenSearchNode extends Node {
    private OpenSearchNode(Environment environment, Collection<Class<? extends Plugin>> plugins) {
        super(environment, plugins, false);
    }

    public static void main(String[] arguments) {
        if (Arrays.equals(arguments, new String[] {"--version"})) {
            System.out.println("opensearch version " + Version.CURRENT);
            return;
        }
        try {
            run(readSettings(arguments));
        } catch (Exception error) {
            error.printStackTrace();
            // Threads that the node has started would keep the process.
            System.exit(1);
        }
    }

    private static Settings readSettings(String[] arguments) {
        Settings.Builder settings = Settings.builder()
            .put("node.name", "node")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("transport.type", "netty4")
            .put("http.type", "netty4")
            // Nobody joins: any free port.
            .put("transport.port", "0")
            // A disk that is nearly full is no reason to refuse documents here.
            .put("cluster.routing.allocation.disk.threshold_enabled", false);
        for (String argument : arguments) {
            String[] setting = argument.split("=", 2);
            if (setting.length < 2) {
                throw new IllegalArgumentException("\"" + argument + "\" is no setting; one has the form NAME=VALUE");
            }
            settings.put(setting[0], setting[1]);
        }
        return settings.build();
    }

    private static void run(Settings settings) throws Exception {
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "node");
        Node node = new OpenSearchNode(environment, List.of(Netty4Plugin.class));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        Thread.currentThread().join();
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
