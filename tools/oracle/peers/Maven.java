import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import org.apache.maven.artifact.versioning.ComparableVersion;

/** Order of two versions by Maven (Debian: libmaven3-core-java). Each line "A<TAB>B" is answered by a sign. */
public class Maven {
    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        PrintStream output = new PrintStream(new java.io.BufferedOutputStream(System.out, 65536));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            int tab = line.indexOf('\t');
            int order = new ComparableVersion(line.substring(0, tab)).compareTo(new ComparableVersion(line.substring(tab + 1)));
            output.println(order < 0 ? "<" : order > 0 ? ">" : "=");
        }
        output.flush();
    }
}
